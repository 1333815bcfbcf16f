"""GET /experiments/list: read all experiments."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.experiments import ExperimentList
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import REPORT
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@get(
    "/experiments/list",
    opt=REPORT,
    operation_id="list_experiments",
    summary="Read all experiments",
    response_description="The experiments",
    responses=problem_responses(*KEY_PROBLEMS),
)
async def list_experiments(shop: NamedDependency[SkipValidation[Shop]]) -> ExperimentList:
    """Return all experiments, drafts and ended ones included, in the order in which they were saved first.

    Use it to see what runs, and to find the id of a report.
    """
    return ExperimentList(experiments=list(await shop.repository.stored_experiments()))


app = create_app(list_experiments)
handler = LambdaHandler(app)
