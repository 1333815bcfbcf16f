"""GET /customer/get-profile/{customer_id}: get the profile of a customer."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.ranking.interests import category_interests
from domain.records.audit import Act
from domain.records.recommendations import Profile
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND, AuthenticatedRequest, actor_of
from infra.http.parameters import IdInPath
from infra.http.problems import KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop
from infra.use_cases.audited import audited
from infra.use_cases.ranking_data import ranking_data_of
from infra.use_cases.recommend import current_list


@get(
    "/customer/get-profile/{customer_id:str}",
    opt=BACKEND,
    operation_id="get_profile",
    summary="Get the profile of a customer",
    response_description="The profile of the customer",
    responses=problem_responses(*KEY_PROBLEMS, "validation", "not-found", "customer-not-found"),
)
async def get_profile(
    customer_id: IdInPath, shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest
) -> Profile:
    """Return a customer with addresses, activity, interests and recommendations. A missing list is computed and stored.

    Use it for a page of the back office or for customer support that shows all that matters about one customer. For a list
    alone, `GET /recommendations/{customer_id}` is faster.
    """
    repository = shop.repository
    act = Act(actor=actor_of(request), action="read-profile", customer_id=customer_id)
    async with audited(repository, act, keep=repository.note_act):
        stored = await repository.profile(customer_id)
        recommendations = await current_list(
            repository, customer_id, now=shop.now(), reuse_seconds=shop.settings.reuse_seconds
        )
        inputs = await ranking_data_of(repository).inputs(stored.state)
    return Profile(
        customer=stored.customer,
        addresses=stored.addresses,
        activity=stored.activity,
        category_interests=category_interests(
            inputs.history, inputs.catalogue, half_life_days=inputs.model.config.hyperparameters.interest_days
        ),
        recommendations=recommendations,
    )


app = create_app(get_profile)
handler = LambdaHandler(app)
