"""POST /recommendations/process-purchase: record an order, and answer with the list that follows from it."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.interactions import Purchase, check_occurred
from domain.records.recommendations import RecommendationList
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.problems import BODY, KEY, declared
from infra.storage.opening import Shop
from infra.use_cases.recommend import fresh_list


@post(
    "/recommendations/process-purchase",
    dto=StrictBody[Purchase],
    return_dto=None,
    opt=BACKEND,
    responses=declared(*KEY, *BODY, "event-too-old", "customer-not-found", "product-not-found", "event-id-reused"),
)
async def process_purchase(
    data: JSONBody[Purchase],
    shop: NamedDependency[SkipValidation[Shop]],
) -> RecommendationList:
    """Record one order and recommend afresh; the same `order_id` sent again is counted once."""
    now = shop.now()
    check_occurred(data, now=now, retention_days=shop.settings.event_retention_days)
    await shop.repository.record([data], now=now)
    return await fresh_list(shop.repository, data.customer_id, now=now)


app = create_app(process_purchase)
handler = LambdaHandler(app, mailbox="order_id")
