"""GET /customer/export/{customer_id}: export a customer."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.privacy import CustomerExport
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.parameters import IdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@get(
    "/customer/export/{customer_id:str}",
    opt=BACKEND,
    operation_id="export_customer",
    summary="Export a customer",
    response_description="Everything that is stored about the customer",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def export(customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]]) -> CustomerExport:
    """Return everything that is stored about a customer.

    Use it when a person asks for a copy of the personal data (GDPR, articles 15 and 20).
    """
    return await shop.repository.export(customer_id)


app = create_app(export)
handler = LambdaHandler(app)
