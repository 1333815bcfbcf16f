"""GET /health of the local app: 200 only if the storage answers."""

from datetime import datetime
from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from domain.ranking.model import TunedConfig
from infra.http.auth import OPEN
from infra.http.problems import problem_responses
from infra.storage.opening import Shop


class ModelInUse(Struct, frozen=True, kw_only=True, rename={"config": "choice"}):
    """The model in use: its tuned configuration, and what that configuration scored on held-out events."""

    model_id: str
    trained_at: datetime | None
    config: TunedConfig


class Health(Struct, frozen=True, kw_only=True):
    status: Literal["ok"]
    products: int
    events: int
    model: ModelInUse


@get(
    "/health",
    opt=OPEN,
    summary="Check the service",
    response_description="The service and its storage work",
    responses=problem_responses(),
)
async def health(shop: NamedDependency[SkipValidation[Shop]]) -> Health:
    """Return the number of products and events in the storage, and the model in use."""
    summary = await shop.repository.summary()
    return Health(
        status="ok",
        products=summary.n_products,
        events=summary.n_events,
        model=ModelInUse(model_id=summary.model_id, trained_at=summary.trained_at, config=summary.config),
    )
