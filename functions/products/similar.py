"""GET /products/similar/{product_id}: recommend alternatives to a product."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.product_lists import ProductList, without_rule_names
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BROWSER, AuthenticatedRequest, may_be_guest
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.parameters import ForCustomer, GuestAllowed, ProductIdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.related import RelatedRequest, related_list


@get(
    "/products/similar/{product_id:str}",
    opt=BROWSER,
    dependencies=LIST_REQUEST,
    operation_id="get_similar_products",
    summary="Recommend alternatives to a product",
    response_description="The list of alternatives",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "product-not-found", "customer-not-found"),
)
async def similar(
    product_id: ProductIdInPath,
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    requested: RequestedList,
    *,
    customer_id: ForCustomer = None,
    guest: GuestAllowed = False,
) -> ProductList:
    """Return products that customers look at together with this one, and those like it by name, category, brand and price.

    Use it on a product page, or where a product is out of stock. The product itself and its variants are never in the list.
    `strategy` is `learned`, `content` for a product that nobody looked at, `popular` or `catalogue` (new products) where
    nothing is like it, or `empty`. With `customer_id`, the customer's interests decide between nearly equal products,
    and for a `backend` key, products that the customer bought are left out; with a `storefront` key it has no effect. With
    `guest=true`, an unknown customer is a newcomer, for whom the list is that without a customer.
    """
    related = RelatedRequest(
        kind="similar",
        product_ids=[product_id],
        list_request=requested,
        customer_id=None if request.auth == "storefront" else customer_id,
        is_personal=request.auth == "backend",
        allows_guest=may_be_guest(request, asked=guest),
    )
    answer = await related_list(shop.repository, related, now=shop.now())
    return answer if request.auth == "backend" else without_rule_names(answer)


app = create_app(similar)
handler = LambdaHandler(app)
