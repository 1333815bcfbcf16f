"""DELETE /customer/erase/{customer_id}: erase a customer."""

from litestar import delete
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.parameters import IdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.audited import erase_customer


@delete(
    "/customer/erase/{customer_id:str}",
    opt=BACKEND,
    operation_id="erase_customer",
    summary="Erase a customer",
    response_description="The customer is erased",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def erase(customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> None:
    """Permanently delete everything that is stored about a customer. After a 503, send the same request again.

    Use it when a person asks for erasure (GDPR, article 17). The id cannot be used again.
    """
    await erase_customer(shop.repository, customer_id, actor=actor_of(request))


app = create_app(erase)
handler = LambdaHandler(app)
