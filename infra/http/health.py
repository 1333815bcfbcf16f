"""GET /health of the local app: 200 only when the repository answers."""

from datetime import datetime
from typing import Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from domain.ranking.model import TunedConfig
from infra.http.auth import OPEN
from infra.http.problems import declared
from infra.storage.opening import Shop


class ModelInUse(Struct, frozen=True, kw_only=True):
    """The model that lists are made by: what was chosen for it, and what that scored on held-out events."""

    model_id: str
    trained_at: datetime | None
    choice: TunedConfig


class Health(Struct, frozen=True, kw_only=True):
    status: Literal["ok"]
    products: int
    events: int
    model: ModelInUse


@get("/health", opt=OPEN, responses=declared())
async def health(shop: NamedDependency[SkipValidation[Shop]]) -> Health:
    """Tell that the storage answers, what it holds, and which model is in use."""
    summary = await shop.repository.summary()
    return Health(
        status="ok",
        products=summary.n_products,
        events=summary.n_events,
        model=ModelInUse(model_id=summary.model_id, trained_at=summary.trained_at, choice=summary.choice),
    )
