"""POST /customer/merge: merge a guest into a customer."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.guests import GuestMerge, MergedGuest
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.body import StrictBody
from infra.http.problems import KEY_PROBLEMS, OBJECT_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.audited import merge_guest


@post(
    "/customer/merge",
    dto=StrictBody[GuestMerge],
    return_dto=None,
    opt=BACKEND,
    operation_id="merge_guest",
    summary="Merge a guest into a customer",
    response_description="What moved from the guest to the customer",
    status_code=200,
    responses=problem_responses(*KEY_PROBLEMS, *OBJECT_PROBLEMS, "customer-not-found", "merge-refused"),
)
async def merge(
    data: JSONBody[GuestMerge], shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> MergedGuest:
    """Move the events and addresses of a guest to a customer.

    Use it when a guest logs in or opens an account.

    From then on, the id of the guest stands for the customer. The same request again gives the same answer.
    """
    data.check()
    return await merge_guest(shop.repository, data, now=shop.now(), actor=actor_of(request))


app = create_app(merge)
handler = LambdaHandler(app)
