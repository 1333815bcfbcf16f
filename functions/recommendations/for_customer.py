"""GET /recommendations/{customer_id}: recommend products."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.recommendations import ListRequest, RecommendationList, for_storefront
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import STOREFRONT, AuthenticatedRequest
from infra.http.parameters import Category, Excluded, IdInPath, Limit, MaxPrice, MinPrice, SeenRule
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.recommend import current_list


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
    limit: Limit = 10,
    category: Category = None,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    exclude: Excluded = None,
    seen: SeenRule = "few",
) -> RecommendationList:
    """Return the best `limit` products that pass all filters, with their scores and reasons."""
    list_request = ListRequest(
        limit=limit,
        category=category,
        min_price=min_price,
        max_price=max_price,
        exclude=frozenset(exclude or ()),
        seen=seen,
    )
    list_request.check()
    recommendations = await current_list(
        shop.repository, customer_id, request=list_request, now=shop.now(), reuse_seconds=shop.settings.reuse_seconds
    )
    return recommendations if request.auth == "backend" else for_storefront(recommendations)


app = create_app(for_customer)
handler = LambdaHandler(app)
