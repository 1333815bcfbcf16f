"""POST /customer/update-behavior: record what a customer did, several events at once."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody, SkipValidation

from domain.records.customers import segment_of
from domain.records.interactions import BehaviorUpdate, UpdatedBehavior, check_update
from infra.aws.handler import LambdaHandler
from infra.http.app import create_app
from infra.http.auth import BACKEND
from infra.http.body import LARGE, StrictBody
from infra.http.problems import BODY, KEY, declared
from infra.storage.opening import Shop


@post(
    "/customer/update-behavior",
    dto=StrictBody[BehaviorUpdate],
    return_dto=None,
    opt=BACKEND | LARGE,
    status_code=200,
    responses=declared(*KEY, *BODY, "event-too-old", "customer-not-found", "product-not-found", "event-id-reused"),
)
async def update_behavior(
    data: JSONBody[BehaviorUpdate],
    shop: NamedDependency[SkipValidation[Shop]],
) -> UpdatedBehavior:
    """Record interactions and orders, all or none; what was sent before is counted under `seen_before`."""
    now = shop.now()
    check_update(data, now=now, retention_days=shop.settings.event_retention_days)
    recorded = await shop.repository.record(data.events(), now=now)
    segment, _ = segment_of(recorded.segment_inputs)
    return UpdatedBehavior(
        customer_id=data.customer_id, accepted=recorded.accepted, seen_before=recorded.seen_before, segment=segment
    )


app = create_app(update_behavior)
handler = LambdaHandler(app)
