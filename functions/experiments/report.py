"""GET /experiments/report/{experiment_id}: report what an experiment led to."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.experiment_reports import ExperimentReport
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import REPORT
from infra.http.parameters import ExperimentIdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases import experiment_report


@get(
    "/experiments/report/{experiment_id:str}",
    opt=REPORT,
    operation_id="report_experiment",
    summary="Report what an experiment led to",
    response_description="What the customers of each arm did, compared with the control",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "experiment-not-found", "experiment-refused"),
)
async def report_experiment(
    experiment_id: ExperimentIdInPath, shop: NamedDependency[SkipValidation[Shop]]
) -> ExperimentReport:
    """Compare the customers of each arm with those of the first, the control.

    Use it as often as you like, and end the experiment when a `verdict` is `better`, `worse` or `no_difference`: the
    intervals hold at all looks together. The verdict is about the share of the customers who ordered after their first event
    in the experiment. `not_enough_data` says about how many more days it takes to see a difference of 10 %.
    """
    settings = shop.settings
    return await experiment_report.report_experiment(
        shop.repository,
        experiment_id,
        now=shop.now(),
        attribution_days=settings.attribution_days,
        currency=settings.currency,
    )


app = create_app(report_experiment)
handler = LambdaHandler(app)
