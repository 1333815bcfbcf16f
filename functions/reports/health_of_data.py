"""GET /reports/health-of-data: say what in the data weakens lists."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.evaluation.data_health import data_health
from domain.records.data_health import DataHealth
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import REPORT
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@get(
    "/reports/health-of-data",
    opt=REPORT,
    operation_id="get_health_of_data",
    summary="Say what in the data weakens lists",
    response_description="What weakens lists, most useful first",
    responses=problem_responses(*KEY_PROBLEMS),
)
async def health_of_data(shop: NamedDependency[SkipValidation[Shop]]) -> DataHealth:
    """Return what in the catalogue, the events and the model weakens lists, each with its effect and the next step.

    Use it after an import, and from time to time in a report or a monitor: `problems` is empty where all is well. They are
    ordered by the default weight of the sources that each silences, times the share that it affects. Counts of orders,
    events and customers are of samples, so that the answer takes as long in a large shop.
    """
    return data_health(await shop.repository.data_counts(), now=shop.now())


app = create_app(health_of_data)
handler = LambdaHandler(app)
