"""The protocol of storage that training reads from and writes to."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from domain.ranking.model import Model, TrainedModel
from domain.records.customers import Segment
from domain.records.interactions import EventType
from domain.records.products import Product


class TrainingEvent(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One interaction or order item as training reads it; `spent` is in the shop's currency, 0 where unknown."""

    customer_id: str
    product_index: int
    event_type: EventType
    occurred_at: int
    order_id: str | None
    spent: float


class ModelStore(Protocol):
    """Read what training needs and store what it learned."""

    def training_events(self) -> AsyncIterator[list[TrainingEvent]]:
        """Yield all events in batches, in a stable order."""
        ...

    def training_products(self) -> AsyncIterator[list[Product]]:
        """Yield the whole catalogue in batches, by product index."""
        ...

    async def current_model(self) -> Model:
        """Return the model in use."""
        ...

    async def assigned_segments(self) -> dict[str, Segment]:
        """Return the segments that the shop assigned, by customer id."""
        ...

    async def lock_training(self, holder: str, *, now: datetime, seconds: int) -> None:
        """Take or renew the training lock for `seconds`; raise TrainingRunning while another holds it."""
        ...

    async def unlock_training(self, holder: str) -> None: ...

    async def save_model(self, trained: TrainedModel) -> None:
        """Write a new model in batches, switch to it in one transaction, and drop all but the newest five models."""
        ...

    async def stored_models(self) -> list[Model]:
        """Return all models that can be used, newest first."""
        ...

    async def use_model(self, model_id: str) -> None:
        """Switch to a stored model; raise ModelNotFound."""
        ...
