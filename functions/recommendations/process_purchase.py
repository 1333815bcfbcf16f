"""POST /recommendations/process-purchase: record an order, and answer with the list that follows from it."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.interactions import Purchase, check_not_ahead
from domain.recommendations import RecommendationList
from infra.edge.app import create_app
from infra.edge.body import StrictBody
from infra.edge.problems import BODY, declared
from infra.edge.storage import Shop
from infra.lambda_adapter import LambdaHandler
from infra.serving import fresh_list


@post(
    "/recommendations/process-purchase",
    dto=StrictBody[Purchase],
    return_dto=None,
    responses=declared(*BODY, "customer-not-found", "product-not-found", "event-id-reused"),
)
async def process_purchase(
    data: JSONBody[Purchase],
    shop: NamedDependency[SkipValidation[Shop]],
) -> RecommendationList:
    """Record one order and recommend afresh; the same `order_id` sent again is counted once."""
    now = shop.now()
    check_not_ahead(data, now=now)
    await shop.repository.record([data], now=now)
    return await fresh_list(shop.repository, data.customer_id, now=now)


app = create_app(process_purchase)
handler = LambdaHandler(app, mailbox="order_id")
