"""POST /customer/create: create a customer."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import Customer, NewCustomer
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.paths import path_with_id
from infra.http.problems import KEY_PROBLEMS, OBJECT_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/customer/create",
    dto=StrictBody[NewCustomer],
    return_dto=None,
    opt=BACKEND,
    operation_id="create_customer",
    summary="Create a customer",
    response_description="The new customer",
    responses=problem_responses(*KEY_PROBLEMS, *OBJECT_PROBLEMS, "customer-exists", "email-taken"),
)
async def create(data: JSONBody[NewCustomer], shop: NamedDependency[SkipValidation[Shop]]) -> Response[Customer]:
    """Create a customer. Without a `customer_id`, the server generates one.

    Use it when somebody registers in the shop, before events of this customer are sent. All fields are optional: a shop that
    keeps personal data elsewhere sends only its own id.
    """
    customer = await shop.repository.create_customer(data, now=shop.now())
    return Response(customer, headers={"location": path_with_id("/customer/get-profile", customer.customer_id)})


app = create_app(create)
handler = LambdaHandler(app)
