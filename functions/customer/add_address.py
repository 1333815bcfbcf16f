"""POST /customer/add-address: add shipping and billing addresses."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import AddressBook, NewAddresses
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import LARGE, StrictBody
from infra.http.problems import BODY, KEY, declared
from infra.storage.opening import Shop


@post(
    "/customer/add-address",
    dto=StrictBody[NewAddresses],
    return_dto=None,
    opt=BACKEND | LARGE,
    responses=declared(*KEY, *BODY, "customer-not-found"),
)
async def add_address(data: JSONBody[NewAddresses], shop: NamedDependency[SkipValidation[Shop]]) -> AddressBook:
    """Add addresses to a customer; an identical one is not stored twice."""
    addresses = await shop.repository.add_addresses(data.customer_id, data.addresses)
    return AddressBook(customer_id=data.customer_id, addresses=addresses)


app = create_app(add_address)
handler = LambdaHandler(app)
