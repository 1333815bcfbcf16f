"""POST /customer/update-behavior: record several events."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import segment_of
from domain.records.interactions import BehaviorUpdate, UpdatedBehavior, check_update
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import LARGE_BODY, StrictBody
from infra.http.problems import BODY_PROBLEMS, EVENT_PROBLEMS, KEY_PROBLEMS, problem_responses
from infra.storage.opening import Shop


@post(
    "/customer/update-behavior",
    dto=StrictBody[BehaviorUpdate],
    return_dto=None,
    opt=BACKEND | LARGE_BODY,
    operation_id="update_behavior",
    summary="Record several events",
    response_description="The number of recorded events and the segment of the customer",
    status_code=200,
    responses=problem_responses(*KEY_PROBLEMS, *BODY_PROBLEMS, *EVENT_PROBLEMS),
)
async def update_behavior(data: JSONBody[BehaviorUpdate], shop: NamedDependency[SkipValidation[Shop]]) -> UpdatedBehavior:
    """Record interactions and orders of a customer, all or none. Events sent before count as `seen_before`.

    Use it for events that need no list in return: a batch of a queue, events collected offline, or a nightly transfer.

    With `guest`, an unknown customer is registered as a guest.

    With `"unknown_products": "create"`, a product that the catalogue does not name, such as a gift card, is created instead
    of refused. No list has it until the catalogue names it; the answer lists such products as `created_products`.
    """
    now = shop.now()
    check_update(data, now=now, retention_days=shop.settings.event_retention_days)
    recorded = await shop.repository.record(data.events(), now=now, create_products=data.unknown_products == "create")
    state = recorded.state or await shop.repository.customer_state(data.customer_id)
    segment, _ = segment_of(state.segment_inputs)
    return UpdatedBehavior(
        customer_id=data.customer_id,
        accepted=recorded.accepted,
        seen_before=recorded.seen_before,
        segment=segment,
        created_products=list(recorded.created_products),
    )


app = create_app(update_behavior)
handler = LambdaHandler(app, takes_messages=True)
