"""GET /products/popular: recommend what most customers bought."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.product_lists import ProductList, without_rule_names
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.parameters import Days
from infra.http.problems import ANY_KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.shop_lists import DEFAULT_DAYS, ShopListRequest, days_for_all, shop_list


@get(
    "/products/popular",
    opt=BROWSER,
    dependencies=LIST_REQUEST,
    operation_id="get_popular_products",
    summary="Recommend what most customers bought",
    response_description="The list of what most customers bought",
    responses=problem_responses(*ANY_KEY_PROBLEMS, "validation"),
)
async def popular(
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    requested: RequestedList,
    days: Days = DEFAULT_DAYS,
) -> ProductList:
    """Return what most different customers bought in `days` days, then what most of them turned to at all.

    Use it for bestsellers on the home page, and with `category` on the page of a category. Days count back from the newest
    event of the last training. `strategy` is `popular`, `catalogue` (new products) where nobody turned to a product that
    passes the filters, or `empty`. New products fill a list that would be too short. Without a `backend` key, `days` is
    rounded up to 1, 7, 14, 30, 90, 180 or 365.
    """
    counted = days if request.auth == "backend" else days_for_all(days)
    wanted = ShopListRequest(kind="popular", list_request=requested, days=counted)
    answer = await shop_list(shop.repository, wanted, now=shop.now())
    return answer if request.auth == "backend" else without_rule_names(answer)


app = create_app(popular)
handler = LambdaHandler(app)
