"""POST /recommendations/process-purchase: record an order."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.interactions import Purchase, check_occurred
from domain.records.recommendations import RecommendationList
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.problems import BODY_PROBLEMS, EVENT_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.recommend import recorded_list


@post(
    "/recommendations/process-purchase",
    dto=StrictBody[Purchase],
    return_dto=None,
    opt=BACKEND,
    operation_id="process_purchase",
    summary="Record an order",
    response_description="The updated recommendation list",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, *EVENT_PROBLEMS),
)
async def process_purchase(data: JSONBody[Purchase], shop: NamedDependency[SkipValidation[Shop]]) -> RecommendationList:
    """Record one order and return an updated list. The same `order_id` sent again counts once.

    Use it when an order is placed, for a list on the confirmation page or in the confirmation e-mail.

    With `guest`, an unknown customer is registered as a guest: send it for a checkout without an account.

    With `"unknown_products": "create"`, a product that the catalogue does not name, such as a gift card, does not refuse the
    order. It is created, but no list has it until the catalogue names it; the answer lists such products as
    `created_products`.
    """
    now = shop.now()
    check_occurred(data, now=now, retention_days=shop.settings.event_retention_days)
    return await recorded_list(shop.repository, data, now=now)


app = create_app(process_purchase)
handler = LambdaHandler(app)
