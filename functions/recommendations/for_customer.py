"""GET /recommendations/{customer_id}: what this customer should be shown, and why."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.recommendations import ListRequest, RecommendationList, for_storefront
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import STOREFRONT, KeyedRequest
from infra.http.parameters import Category, Excluded, IdInPath, Limit, Price
from infra.http.problems import KEY, declared
from infra.storage.opening import Shop
from infra.use_cases.recommend import current_list


@get(
    "/recommendations/{customer_id:str}",
    opt=STOREFRONT,
    responses=declared(*KEY, "validation", "not-found", "customer-not-found"),
)
async def for_customer(
    customer_id: IdInPath,
    shop: NamedDependency[SkipValidation[Shop]],
    request: KeyedRequest,
    limit: Limit = 10,
    category: Category = None,
    min_price: Price = None,
    max_price: Price = None,
    exclude: Excluded = None,
) -> RecommendationList:
    """Recommend products; the filters apply before the best `limit` are taken."""
    wanted = ListRequest(
        limit=limit,
        category=category,
        min_price=min_price,
        max_price=max_price,
        exclude=frozenset(exclude or ()),
    )
    wanted.check()
    made = await current_list(
        shop.repository, customer_id, request=wanted, now=shop.now(), reuse_seconds=shop.settings.reuse_seconds
    )
    return made if request.auth == "backend" else for_storefront(made)


app = create_app(for_customer)
handler = LambdaHandler(app)
