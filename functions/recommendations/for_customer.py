"""GET /recommendations/{customer_id}: recommend products."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec.structs import replace

from domain.records.recommendations import STOREFRONT_EXCLUDED, STOREFRONT_LIMIT, RecommendationList, for_storefront
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest, may_be_guest
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.parameters import GuestAllowed, IdInPath, SeenRule
from infra.http.problems import KEY_PROBLEMS, RequestRefused, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.recommend import current_list, list_or_newcomers

BOUNDS = (
    f"A `storefront` key and a token may use `limit` up to {STOREFRONT_LIMIT}, `exclude` up to {STOREFRONT_EXCLUDED} times,"
    " `placement` and `guest`; all other parameters require a `backend` key."
)


@get(
    "/recommendations/{customer_id:str}",
    dependencies=LIST_REQUEST,
    opt=BROWSER,
    operation_id="get_recommendations",
    summary="Recommend products",
    response_description="The recommendation list",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def for_customer(
    customer_id: IdInPath,
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    requested: RequestedList,
    *,
    seen: SeenRule = "few",
    guest: GuestAllowed = False,
) -> RecommendationList:
    """Return the best `limit` products that pass all filters, with their scores and reasons.

    Use it wherever a page or an e-mail shows products to a known customer: the home page, a category page with `category`,
    the account. A stored list is reused until an event changes it, and shows its products as they are now.

    With `guest=true`, an unknown customer gets the list of a newcomer; the first event registers the guest. The id of a
    merged guest gets the list of its customer.

    A `storefront` key and a token may use `limit` up to 20, `exclude` up to 10 times, `placement` and `guest`; all other
    parameters require a `backend` key.
    """
    list_request = replace(requested, seen=seen)
    is_backend = request.auth == "backend"
    if not is_backend and not list_request.is_bounded:
        raise RequestRefused("forbidden", BOUNDS)
    recommendations = await (list_or_newcomers if may_be_guest(request, asked=guest) else current_list)(
        shop.repository,
        customer_id,
        request=list_request if is_backend else list_request.without_exclusions(),
        now=shop.now(),
        reuse_seconds=shop.settings.reuse_seconds,
    )
    return recommendations if is_backend else for_storefront(recommendations, list_request, asked_for=customer_id)


app = create_app(for_customer)
handler = LambdaHandler(app)
