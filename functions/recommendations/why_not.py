"""GET /recommendations/why-not/{customer_id}: say why a product is not in a customer's list."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec.structs import replace

from domain.records.audit import Act
from domain.records.why_not import WhyNot
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.list_request import LIST_REQUEST, RequestedList
from infra.http.parameters import AskedProduct, IdInPath, SeenRule
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.audited import audited
from infra.use_cases.why_not import explain_absence


@get(
    "/recommendations/why-not/{customer_id:str}",
    opt=BACKEND,
    dependencies=LIST_REQUEST,
    operation_id="get_why_not",
    summary="Say why a product is not in a customer's list",
    response_description="The first thing that keeps the product out, and what would change it",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found", "product-not-found"),
)
async def why_not(
    customer_id: IdInPath,
    product_id: AskedProduct,
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    requested: RequestedList,
    *,
    seen: SeenRule = "few",
) -> WhyNot:
    """Return the first thing that keeps a product out of the list of `GET /recommendations/{customer_id}`, computed afresh.

    Use it when somebody asks why a product does not show, or is not higher: in the back office, or while a shop is set up.
    Ask with the parameters of the list. `verdict` is, in the order in which a list is made, `unlisted` (only events have
    named the product), `withdrawn`, `out_of_stock`, `excluded` or `outside_filters` (`filters` has which), `returned` (the
    customer sent it back), `bought_not_due` (`due_at` has when it may return, null for never), `in_history` (beyond what
    `seen` allows), `variant_in_list` (`variant` has which), `no_signal` or `not_a_candidate` (the sources have nothing, or
    others have more), `ranked_below` (`rank`), or `in_list`.

    `parts` add up to `score`, and `parts_of_last_shown` to that of the last product of the list; `diversity` is what similar
    products above it take away. The audit keeps each request, as it does for profiles.
    """
    list_request = replace(requested, seen=seen)
    repository = shop.repository
    act = Act(actor=actor_of(request), action="read-profile", customer_id=customer_id)
    async with audited(repository, act, keep=repository.note_act):
        return await explain_absence(repository, customer_id, product_id, request=list_request, now=shop.now())


app = create_app(why_not)
handler = LambdaHandler(app)
