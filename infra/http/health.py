"""The checks of the local app: whether it runs, whether it can give lists, and details for the shop's own servers."""

from datetime import datetime
from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import UNSET, Struct, UnsetType

from domain.ranking.model import TunedConfig
from infra.http.auth import OPEN, OPTIONAL, AuthenticatedRequest
from infra.http.problems import problem_responses
from infra.storage.opening import Shop


class ModelInUse(Struct, frozen=True, kw_only=True, rename={"config": "choice"}):
    """The model in use: its tuned configuration, and what that configuration scored on held-out events."""

    model_id: str
    trained_at: datetime | None
    config: TunedConfig


class Live(Struct, frozen=True, kw_only=True):
    status: Literal["ok"]


class Ready(Struct, frozen=True, kw_only=True):
    """`writes` is false while the storage refuses writes; lists are given all the same."""

    status: Literal["ok"]
    writes: bool


class Health(Struct, frozen=True, kw_only=True):
    """All but the status is for a backend key only."""

    status: Literal["ok"]
    writes: bool | UnsetType = UNSET
    products: int | UnsetType = UNSET
    events: int | UnsetType = UNSET
    model: ModelInUse | UnsetType = UNSET


@get(
    "/live",
    opt=OPEN,
    operation_id="check_live",
    summary="Check that the process answers",
    response_description="The process answers",
    responses=problem_responses(),
)
async def live() -> Live:
    """Answer without reading anything.

    Use it as the liveness probe: a server that does not answer should be restarted.
    """
    return Live(status="ok")


@get(
    "/ready",
    opt=OPEN,
    operation_id="check_ready",
    summary="Check that lists can be given",
    response_description="Lists can be read; `writes` tells whether events can be recorded",
    responses=problem_responses(),
)
async def ready(shop: NamedDependency[SkipValidation[Shop]]) -> Ready:
    """Answer 503 while lists cannot be read. Without writes, because a disk is full for example, lists are still given.

    Use it as the readiness probe of a load balancer: while it answers 503, requests should go to another server.
    """
    await shop.repository.check_readable()
    return Ready(status="ok", writes=await shop.repository.accepts_writes())


@get(
    "/health",
    opt=OPTIONAL,
    operation_id="get_health",
    summary="Check the service",
    response_description="The service and its storage work",
    responses=problem_responses("unauthorized", "rate-limited"),
)
async def health(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Health:
    """Return whether lists can be read; for a backend key also the number of products and events, and the model in use.

    Use it to look at the shop: whether an import arrived, when the model was trained, and what tuning chose.
    """
    await shop.repository.check_readable()
    if request.auth != "backend":
        return Health(status="ok")
    summary = await shop.repository.summary()
    return Health(
        status="ok",
        writes=await shop.repository.accepts_writes(),
        products=summary.n_products,
        events=summary.n_events,
        model=ModelInUse(model_id=summary.model_id, trained_at=summary.trained_at, config=summary.config),
    )
