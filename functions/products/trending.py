"""GET /products/trending: recommend what rises."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.product_lists import ProductList, without_rule_names
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.problems import ANY_KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.shop_lists import ShopListRequest, shop_list


@get(
    "/products/trending",
    opt=BROWSER,
    dependencies=LIST_REQUEST,
    operation_id="get_trending_products",
    summary="Recommend what rises",
    response_description="The list of what rises",
    responses=problem_responses(*ANY_KEY_PROBLEMS, "validation"),
)
async def trending(
    shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest, requested: RequestedList
) -> ProductList:
    """Return products that lately have a larger share of the new customers than usual.

    Use it to show what is on the rise. The last seven days are compared with the four weeks before, so that small numbers do
    not win. `strategy` is `learned`, `popular` or `catalogue` (new products) where nothing rises, or `empty`. Popular
    products fill a list that would be too short.
    """
    wanted = ShopListRequest(kind="trending", list_request=requested)
    answer = await shop_list(shop.repository, wanted, now=shop.now())
    return answer if request.auth == "backend" else without_rule_names(answer)


app = create_app(trending)
handler = LambdaHandler(app)
