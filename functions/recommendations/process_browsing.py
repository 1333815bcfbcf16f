"""POST /recommendations/process-browsing: record an interaction."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation
from msgspec.structs import replace

from domain.records.interactions import BrowsingEvent, check_occurred, in_browser_namespace, in_storefront_namespace
from domain.records.recommendations import RecommendationList, for_storefront
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest, may_be_guest
from infra.http.body import StrictBody
from infra.http.problems import EVENT_PROBLEMS, KEY_PROBLEMS, OBJECT_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.recommend import recorded_list

NAMESPACES = {"storefront": in_storefront_namespace, "browser": in_browser_namespace}
"""What keeps the ids of events apart from those of backend keys and imports."""


@post(
    "/recommendations/process-browsing",
    dto=StrictBody[BrowsingEvent],
    return_dto=None,
    opt=BROWSER,
    operation_id="process_browsing",
    summary="Record an interaction",
    response_description="The updated recommendation list",
    responses=problem_responses(*KEY_PROBLEMS, *OBJECT_PROBLEMS, *EVENT_PROBLEMS),
)
async def process_browsing(
    data: JSONBody[BrowsingEvent], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> RecommendationList:
    """Record one interaction and return an updated list. The same `event_id` sent again counts once.

    Use it when a customer opens a product page, puts a product into the cart or saves it, and the page shows the list next.
    For events without a list in return, use `POST /customer/update-behavior`.

    With `guest`, an unknown customer is registered as a guest, also for a `storefront` key.

    `remove_from_cart` and `remove_from_wishlist` take back the customer's last `cart` or `wishlist` of the product; if there
    is none, they have no effect.

    Ids that come with a `storefront` key are apart from those of `backend` keys and of imports, and those that come with a
    token also from those of other customers. The token says whether its customer may be registered, not `guest`.
    """
    now = shop.now()
    check_occurred(data, now=now, retention_days=shop.settings.event_retention_days)
    event = replace(data, guest=may_be_guest(request, asked=data.guest))
    if (namespace := NAMESPACES.get(request.auth)) is not None:
        event = namespace(event)
    recommendations = await recorded_list(shop.repository, event, now=now)
    return recommendations if request.auth == "backend" else for_storefront(recommendations, asked_for=data.customer_id)


app = create_app(process_browsing)
handler = LambdaHandler(app)
