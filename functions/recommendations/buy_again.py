"""GET /recommendations/buy-again/{customer_id}: list what a customer is due to buy again."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.product_lists import ProductList
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.parameters import GuestAllowed, IdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.customer_lists import CustomerListRequest, customer_list


@get(
    "/recommendations/buy-again/{customer_id:str}",
    opt=BACKEND,
    dependencies=LIST_REQUEST,
    operation_id="get_buy_again",
    summary="List what a customer is due to buy again",
    response_description="The products, the likeliest first",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def buy_again(
    customer_id: IdInPath,
    shop: NamedDependency[SkipValidation[Shop]],
    requested: RequestedList,
    *,
    guest: GuestAllowed = False,
) -> ProductList:
    """Return bought products whose usual interval has passed or is close. `due_at` of each item is the end of the interval.

    Use it for a reorder list in the account or the cart, or for a reminder by e-mail. A product appears if the customer
    bought it on several days, or if buyers of its category come back for it. The interval is the customer's own, and that of
    the category where the customer bought rarely. A product that went back, or is not available, is never in the list; of
    several variants, the one that was bought last is.

    `strategy` is `history` or `empty`. The list of a customer who objects to profiling, or with `guest=true` of an unknown
    customer, is empty. It shows purchases, so it requires a `backend` key.
    """
    request = CustomerListRequest(kind="buy-again", customer_id=customer_id, list_request=requested, guest=guest)
    return await customer_list(shop.repository, request, now=shop.now())


app = create_app(buy_again)
handler = LambdaHandler(app)
