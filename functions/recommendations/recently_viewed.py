"""GET /recommendations/recently-viewed/{customer_id}: list what a customer looked at."""

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
    "/recommendations/recently-viewed/{customer_id:str}",
    opt=BACKEND,
    dependencies=LIST_REQUEST,
    operation_id="get_recently_viewed",
    summary="List what a customer looked at",
    response_description="The products, newest first",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def recently_viewed(
    customer_id: IdInPath,
    shop: NamedDependency[SkipValidation[Shop]],
    requested: RequestedList,
    *,
    guest: GuestAllowed = False,
) -> ProductList:
    """Return the products that a customer viewed or put into the cart or a wishlist, newest first, as they are now.

    Use it to lead customers back to where they were: on the home page, or below a product page, there with `exclude` for the
    product of the page. The newest 300 events of the customer count. A product that went back, or is not available, is never
    in the list; of several variants, the one of the newest event is.

    `strategy` is `history` or `empty`. The list of a customer who objects to profiling, or with `guest=true` of an unknown
    customer, is empty. It shows what a person did, so it requires a `backend` key.
    """
    request = CustomerListRequest(kind="recently-viewed", customer_id=customer_id, list_request=requested, guest=guest)
    return await customer_list(shop.repository, request, now=shop.now())


app = create_app(recently_viewed)
handler = LambdaHandler(app)
