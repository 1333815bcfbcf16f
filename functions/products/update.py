"""POST /products/update: create and change products."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.product_updates import ProductUpdate, UpdatedProducts, check_products
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import LARGE_BODY, TAKES_NULL, StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/products/update",
    dto=StrictBody[ProductUpdate],
    return_dto=None,
    opt=BACKEND | LARGE_BODY | TAKES_NULL,
    operation_id="update_products",
    summary="Create and change products",
    response_description="How many products were created, changed, or had nothing to change",
    status_code=200,
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS),
)
async def update(data: JSONBody[ProductUpdate], shop: NamedDependency[SkipValidation[Shop]]) -> UpdatedProducts:
    """Create or change 1 to 500 products, all or none; the next answer of every list shows them.

    Use it whenever a price, the stock or a text changes; for a whole catalogue, `import products` is faster. An absent
    member leaves its value, and `null` clears it (RFC 7396), also within `attributes`. Products that do not exist yet are
    created. `in_stock` may be the number in stock, of which 0 and less is none.
    """
    now = shop.now()
    check_products(data.products, now=now)
    return await shop.repository.update_products(data.products, now=now)


app = create_app(update)
handler = LambdaHandler(app)
