"""GET /customer/export/{customer_id}: export a customer."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.ranking.recommend import to_response
from domain.records.privacy import CustomerExport
from domain.records.recommendations import STORED_LENGTH, ListRequest
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.parameters import IdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@get(
    "/customer/export/{customer_id:str}",
    opt=BACKEND,
    summary="Export a customer",
    response_description="Everything that is stored about the customer",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def export(customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]]) -> CustomerExport:
    """Return everything that is stored about a customer."""
    stored = await shop.repository.export(customer_id)
    scored = stored.recommendations
    return CustomerExport(
        customer=stored.customer,
        addresses=stored.addresses,
        browsing=stored.browsing,
        purchases=stored.purchases,
        recommendations=None if scored is None else to_response(scored, request=ListRequest(limit=STORED_LENGTH)),
    )


app = create_app(export)
handler = LambdaHandler(app)
