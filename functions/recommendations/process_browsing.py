"""POST /recommendations/process-browsing: record an interaction, and answer with the list that follows from it."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.interactions import BrowsingEvent, check_occurred
from domain.records.recommendations import RecommendationList, for_storefront
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import STOREFRONT, KeyedRequest
from infra.http.body import StrictBody
from infra.http.problems import BODY, KEY, declared
from infra.storage.opening import Shop
from infra.use_cases.recommend import fresh_list


@post(
    "/recommendations/process-browsing",
    dto=StrictBody[BrowsingEvent],
    return_dto=None,
    opt=STOREFRONT,
    responses=declared(*KEY, *BODY, "event-too-old", "customer-not-found", "product-not-found", "event-id-reused"),
)
async def process_browsing(
    data: JSONBody[BrowsingEvent],
    shop: NamedDependency[SkipValidation[Shop]],
    request: KeyedRequest,
) -> RecommendationList:
    """Record one interaction and recommend afresh; the same `event_id` sent again is counted once."""
    now = shop.now()
    check_occurred(data, now=now, retention_days=shop.settings.event_retention_days)
    await shop.repository.record([data], now=now)
    made = await fresh_list(shop.repository, data.customer_id, now=now)
    return made if request.auth == "backend" else for_storefront(made)


app = create_app(process_browsing)
handler = LambdaHandler(app, mailbox="event_id")
