"""GET /recommendations/{customer_id}: recommend products."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.recommendations import (
    STOREFRONT_EXCLUDED,
    STOREFRONT_LIMIT,
    ListRequest,
    RecommendationList,
    for_storefront,
)
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import STOREFRONT, AuthenticatedRequest
from infra.http.parameters import Category, Excluded, GuestAllowed, IdInPath, Limit, MaxPrice, MinPrice, SeenRule
from infra.http.problems import KEY_PROBLEMS, RequestRefused, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.recommend import current_list, list_or_newcomers

BOUNDS = (
    f"A `storefront` key may use `limit` up to {STOREFRONT_LIMIT} and `exclude` up to {STOREFRONT_EXCLUDED} times,"
    " and `guest`; all other parameters require a `backend` key."
)


@get(
    "/recommendations/{customer_id:str}",
    opt=STOREFRONT,
    summary="Recommend products",
    response_description="The recommendation list",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def for_customer(
    customer_id: IdInPath,
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    *,
    limit: Limit = 10,
    category: Category = None,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    exclude: Excluded = None,
    seen: SeenRule = "few",
    guest: GuestAllowed = False,
) -> RecommendationList:
    """Return the best `limit` products that pass all filters, with their scores and reasons.

    With `guest=true`, an unknown customer gets the list of a newcomer; the first event registers the guest. The id of a
    merged guest gets the list of its customer.

    A `storefront` key may use `limit` up to 20, `exclude` up to 10 times, and `guest`; all other parameters require a
    `backend` key.
    """
    list_request = ListRequest(
        limit=limit,
        category=category,
        min_price=min_price,
        max_price=max_price,
        exclude=frozenset(exclude or ()),
        seen=seen,
    )
    list_request.check()
    is_backend = request.auth == "backend"
    if not is_backend and not list_request.is_bounded:
        raise RequestRefused("forbidden", BOUNDS)
    recommendations = await (list_or_newcomers if guest else current_list)(
        shop.repository,
        customer_id,
        request=list_request if is_backend else list_request.without_exclusions(),
        now=shop.now(),
        reuse_seconds=shop.settings.reuse_seconds,
    )
    return recommendations if is_backend else for_storefront(recommendations, list_request, asked_for=customer_id)


app = create_app(for_customer)
handler = LambdaHandler(app)
