"""POST /recommendations/record-impressions: record which products of lists were seen."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.impressions import Impressions, RecordedImpressions
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER
from infra.http.body import LARGE_BODY, StrictBody
from infra.http.problems import ANY_KEY_PROBLEMS, BODY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/recommendations/record-impressions",
    dto=StrictBody[Impressions],
    return_dto=None,
    opt=BROWSER | LARGE_BODY,
    operation_id="record_impressions",
    summary="Record which products of lists were seen",
    response_description="How many products were recorded, and how many were not",
    status_code=200,
    responses=problem_responses(*ANY_KEY_PROBLEMS, *BODY_PROBLEMS),
)
async def record_impressions(
    data: JSONBody[Impressions], shop: NamedDependency[SkipValidation[Shop]]
) -> RecordedImpressions:
    """Record the products of 1 to 100 lists that were seen, at most 1,000 products in total.

    Use it when products of a list come into view, for `GET /reports/placements`; `recommend.js` does so by itself.

    A product of a list counts once, however often it is sent. Lists that this shop did not answer and products that the
    catalogue does not have count as `unknown`, and the others are recorded.
    """
    data.check()
    return await shop.repository.record_impressions(data.impressions, now=shop.now())


app = create_app(record_impressions)
handler = LambdaHandler(app)
