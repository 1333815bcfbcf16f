"""POST /customer/amend-order: store what is left of an order."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.amendments import OrderAmendment, OrderRemainder
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import LARGE_BODY, StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/customer/amend-order",
    dto=StrictBody[OrderAmendment],
    return_dto=None,
    opt=BACKEND | LARGE_BODY,
    status_code=200,
    operation_id="amend_order",
    summary="Amend an order",
    response_description="What is left of the order, and what went back",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, "customer-not-found", "order-not-found", "more-than-bought"),
)
async def amend_order(data: JSONBody[OrderAmendment], shop: NamedDependency[SkipValidation[Shop]]) -> OrderRemainder:
    """Store what is left of an order.

    Use it after a cancellation or a return. `items` is empty if nothing is left.

    What went back is not bought, and lists do not show it to this customer again. The same content sent again changes
    nothing. More may be left than before, if a return was taken back, but not more than was bought.
    """
    return await shop.repository.amend_order(data)


app = create_app(amend_order)
handler = LambdaHandler(app)
