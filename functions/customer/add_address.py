"""POST /customer/add-address: add addresses."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import AddressBook, NewAddresses
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import LARGE_BODY, StrictBody
from infra.http.problems import BODY_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/customer/add-address",
    dto=StrictBody[NewAddresses],
    return_dto=None,
    opt=BACKEND | LARGE_BODY,
    operation_id="add_addresses",
    summary="Add addresses",
    response_description="All addresses of the customer",
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, "customer-not-found"),
)
async def add_address(data: JSONBody[NewAddresses], shop: NamedDependency[SkipValidation[Shop]]) -> AddressBook:
    """Add shipping and billing addresses to a customer. An address that is already stored is not added again.

    Use it when a customer saves an address in the account or enters a new one at the checkout.
    """
    addresses = await shop.repository.add_addresses(data.customer_id, data.addresses)
    return AddressBook(customer_id=data.customer_id, addresses=addresses)


app = create_app(add_address)
handler = LambdaHandler(app)
