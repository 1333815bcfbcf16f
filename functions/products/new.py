"""GET /products/new: recommend the newest products."""

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
    "/products/new",
    opt=BROWSER,
    dependencies=LIST_REQUEST,
    operation_id="get_new_products",
    summary="Recommend the newest products",
    response_description="The list of the newest products",
    responses=problem_responses(*ANY_KEY_PROBLEMS, "validation"),
)
async def new(
    shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest, requested: RequestedList
) -> ProductList:
    """Return the newest products, newest first, at most a third of one brand or category while there are others.

    Use it for novelties, and with `category` or `brand` on a page of their own. `strategy` is `catalogue` or `empty`.
    """
    wanted = ShopListRequest(kind="new", list_request=requested)
    answer = await shop_list(shop.repository, wanted, now=shop.now())
    return answer if request.auth == "backend" else without_rule_names(answer)


app = create_app(new)
handler = LambdaHandler(app)
