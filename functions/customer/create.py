"""POST /customer/create: register a customer."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.customers import Customer, NewCustomer
from domain.ports import Repository
from infra.edge.app import create_app
from infra.edge.body import StrictBody
from infra.edge.problems import BODY, declared
from infra.edge.storage import Clock
from infra.lambda_adapter import LambdaHandler


@post(
    "/customer/create",
    dto=StrictBody[NewCustomer],
    return_dto=None,
    responses=declared(*BODY, "customer-exists", "email-taken"),
)
async def create(
    data: JSONBody[NewCustomer],
    repository: NamedDependency[SkipValidation[Repository]],
    clock: NamedDependency[SkipValidation[Clock]],
) -> Response[Customer]:
    """Register a customer; an id is made where none is sent."""
    customer = await repository.create_customer(data, now=clock.now())
    return Response(customer, headers={"location": f"/customer/get-profile/{customer.customer_id}"})


app = create_app(create)
handler = LambdaHandler(app)
