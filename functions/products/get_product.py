"""GET /products/get-product/{product_id}: get a product."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.product_updates import ProductDetails
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.parameters import ProductIdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@get(
    "/products/get-product/{product_id:str}",
    opt=BACKEND,
    operation_id="get_product",
    summary="Get a product",
    response_description="The product",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "product-not-found"),
)
async def get_product(product_id: ProductIdInPath, shop: NamedDependency[SkipValidation[Shop]]) -> ProductDetails:
    """Return a product with all its fields and other ids, and with its views, orders and customers of the last 30 days.

    Use it to see what the recommendations know about a product. An alias of the product finds it too.
    """
    return await shop.repository.product_details(product_id, now=shop.now())


app = create_app(get_product)
handler = LambdaHandler(app)
