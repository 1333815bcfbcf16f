"""The part of the repository that reads what training learns from, and stores what it learned."""

from collections.abc import AsyncIterator
from datetime import datetime

from domain.ports.training import TrainingEvent
from domain.ranking.model import UNTRAINED, Model, TrainedModel
from domain.records.currencies import Currencies
from domain.records.customers import Segment
from domain.records.products import Product
from infra.storage.sql import models
from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Steps


class ModelTables:
    """The protocol ModelStore over tables."""

    def __init__(self, engine: Engine, *, currencies: Currencies) -> None:
        self.engine = engine
        self.currencies = currencies
        self._newest_model = UNTRAINED

    async def training_events(self) -> AsyncIterator[list[TrainingEvent]]:
        event_id = ""
        while True:
            event_id, batch = await self.engine.read(models.interactions_after, event_id)
            if not batch:
                break
            yield batch
        order_id, line = "", 0
        while True:
            order_id, line, batch = await self.engine.read(
                models.order_items_after, order_id, line, currencies=self.currencies
            )
            if not batch:
                break
            yield batch

    async def training_products(self) -> AsyncIterator[list[Product]]:
        index = -1
        while batch := await self.engine.read(models.products_after, index, currencies=self.currencies):
            yield batch
            index = batch[-1].product_index

    async def current_model(self) -> Model:
        return await self.engine.read(self.model_in_use)

    async def assigned_segments(self) -> dict[str, Segment]:
        return await self.engine.read(models.assigned_segments)

    async def lock_training(self, holder: str, *, now: datetime, seconds: int) -> None:
        await self.engine.write(models.lock, holder, now=now, seconds=seconds)

    async def unlock_training(self, holder: str) -> None:
        await self.engine.write(models.unlock, holder)

    async def save_model(self, trained: TrainedModel) -> None:
        model_id = trained.model.model_id
        for first in range(0, len(trained.neighbours), models.WRITE_BATCH):
            batch = trained.neighbours[first : first + models.WRITE_BATCH]
            await self.engine.write(models.write_neighbours, model_id, batch)
        trends = list(trained.category_trends.items())
        for first in range(0, len(trends), models.WRITE_BATCH):
            await self.engine.write(models.write_trends, model_id, trends[first : first + models.WRITE_BATCH])
        for first in range(0, len(trained.activity), models.WRITE_BATCH):
            await self.engine.write(models.write_activity, model_id, trained.activity[first : first + models.WRITE_BATCH])
        await self.engine.write(models.switch_to, trained.model)
        while await self.engine.write(models.drop_old):
            pass

    async def stored_models(self) -> list[Model]:
        return await self.engine.read(models.read_all)

    async def use_model(self, model_id: str) -> None:
        await self.engine.write(models.use, model_id)

    def model(self, model_id: str) -> Steps[Model]:
        """Read a model once: it never changes under its id, and only the newest one is needed."""
        if self._newest_model.model_id != model_id:
            self._newest_model = yield from models.read_model(model_id)
        return self._newest_model

    def model_in_use(self) -> Steps[Model]:
        """Read the current model."""
        return (yield from self.model((yield from models.current_id())))
