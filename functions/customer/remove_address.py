"""POST /customer/remove-address: remove an address."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import AddressBook, AddressRemoval
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import StrictBody
from infra.http.problems import KEY_PROBLEMS, OBJECT_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/customer/remove-address",
    dto=StrictBody[AddressRemoval],
    return_dto=None,
    opt=BACKEND,
    status_code=200,
    operation_id="remove_address",
    summary="Remove an address",
    response_description="All remaining addresses of the customer",
    responses=problem_responses(*KEY_PROBLEMS, *OBJECT_PROBLEMS, "customer-not-found", "address-not-found"),
)
async def remove_address(data: JSONBody[AddressRemoval], shop: NamedDependency[SkipValidation[Shop]]) -> AddressBook:
    """Remove an address.

    Use it when a customer no longer uses an address. If it was the default of its kind, the first remaining address of this
    kind becomes the default.
    """
    addresses = await shop.repository.remove_address(data.customer_id, data.address_id)
    return AddressBook(customer_id=data.customer_id, addresses=addresses)


app = create_app(remove_address)
handler = LambdaHandler(app)
