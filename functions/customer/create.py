"""POST /customer/create: register a customer."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import Customer, NewCustomer
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.problems import BODY, KEY, declared
from infra.storage.opening import Shop


@post(
    "/customer/create",
    dto=StrictBody[NewCustomer],
    return_dto=None,
    opt=BACKEND,
    responses=declared(*KEY, *BODY, "customer-exists", "email-taken"),
)
async def create(
    data: JSONBody[NewCustomer],
    shop: NamedDependency[SkipValidation[Shop]],
) -> Response[Customer]:
    """Register a customer; an id is made where none is sent."""
    customer = await shop.repository.create_customer(data, now=shop.now())
    return Response(customer, headers={"location": f"/customer/get-profile/{customer.customer_id}"})


app = create_app(create)
handler = LambdaHandler(app)
