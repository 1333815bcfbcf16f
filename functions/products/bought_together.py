"""GET /products/bought-together: recommend what completes products."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.product_lists import ProductList, without_rule_names
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest, may_be_guest
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.parameters import ForCustomer, GuestAllowed, ProductIds
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.related import RelatedRequest, related_list


@get(
    "/products/bought-together",
    opt=BROWSER,
    dependencies=LIST_REQUEST,
    operation_id="get_bought_together",
    summary="Recommend what completes products",
    response_description="The list of products that complete them",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "product-not-found", "customer-not-found"),
)
async def bought_together(
    product_id: ProductIds,
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    requested: RequestedList,
    *,
    customer_id: ForCustomer = None,
    guest: GuestAllowed = False,
) -> ProductList:
    """Return products that are bought together with those named, learned from orders and from customers.

    Use it for a cart or a product page. Neither the named products nor alternatives to them are in the list. Products that
    the catalogue lacks are ignored while it has one of the others. `strategy` is `learned`, `content` where similar products
    speak for new ones, `popular` or `catalogue` (new products) where nothing is known, or `empty`. With `customer_id`, the
    customer's interests decide between nearly equal products, and for a `backend` key, products that the customer bought are
    left out; with a `storefront` key it has no effect. With `guest=true`, an unknown customer is a newcomer, for whom the
    list is that without a customer.
    """
    related = RelatedRequest(
        kind="bought-together",
        product_ids=product_id,
        list_request=requested,
        customer_id=None if request.auth == "storefront" else customer_id,
        is_personal=request.auth == "backend",
        allows_guest=may_be_guest(request, asked=guest),
    )
    answer = await related_list(shop.repository, related, now=shop.now())
    return answer if request.auth == "backend" else without_rule_names(answer)


app = create_app(bought_together)
handler = LambdaHandler(app)
