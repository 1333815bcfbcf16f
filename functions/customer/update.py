"""POST /customer/update: change a customer."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import Customer, CustomerUpdate
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import TAKES_NULL, StrictBody
from infra.http.problems import KEY_PROBLEMS, OBJECT_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/customer/update",
    dto=StrictBody[CustomerUpdate],
    return_dto=None,
    opt=BACKEND | TAKES_NULL,
    status_code=200,
    operation_id="update_customer",
    summary="Change a customer",
    response_description="The customer after the change",
    responses=problem_responses(*KEY_PROBLEMS, *OBJECT_PROBLEMS, "customer-not-found", "email-taken"),
)
async def update(data: JSONBody[CustomerUpdate], shop: NamedDependency[SkipValidation[Shop]]) -> Customer:
    """Change a customer.

    Use it when data changed in the shop, or when a customer objects to profiling (GDPR, article 21).

    A member that is left out keeps its value, and `null` clears it; a cleared segment is computed again. With
    `"profiling": false`, the customer's events are neither learned from nor used for lists, which then are popular products.
    """
    return await shop.repository.update_customer(data, now=shop.now())


app = create_app(update)
handler = LambdaHandler(app)
