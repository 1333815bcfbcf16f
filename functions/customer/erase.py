"""DELETE /customer/erase/{customer_id}: forget a person."""

from litestar import delete
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.parameters import IdInPath
from infra.http.problems import KEY, declared
from infra.storage.opening import Shop


@delete(
    "/customer/erase/{customer_id:str}",
    opt=BACKEND,
    responses=declared(*KEY, "validation", "not-found", "customer-not-found"),
)
async def erase(customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]]) -> None:
    """Erase a customer with everything that is stored about them; after a 503, the same request finishes it."""
    await shop.repository.erase(customer_id)


app = create_app(erase)
handler = LambdaHandler(app)
