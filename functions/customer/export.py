"""GET /customer/export/{customer_id}: export a customer."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.privacy import CustomerExport
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.parameters import IdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.http.streams import json_of
from infra.storage.opening import Shop
from infra.use_cases.audited import exported_chunks


@get(
    "/customer/export/{customer_id:str}",
    opt=BACKEND,
    operation_id="export_customer",
    summary="Export a customer",
    response_description="Everything that is stored about the customer",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found", "answer-too-large"),
)
async def export(
    customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Response[CustomerExport]:
    """Return everything that is stored about a customer. A large document arrives in chunks, without a length before it.

    Use it when a person asks for a copy of the personal data (GDPR, articles 15 and 20).
    """
    return await json_of(exported_chunks(shop.repository, customer_id, actor=actor_of(request)))


app = create_app(export)
handler = LambdaHandler(app)
