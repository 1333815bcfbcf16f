"""The repository over tables: the protocols of `domain.ports`, with one transaction per method."""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import TypeVar

from domain.errors import EventIdReused, ProductNotFound
from domain.ports import Outcome, Recorded, ShopSummary, StoredList, StoredProfile, TrainingEvent
from domain.ranking.inputs import CandidateQuery, RankingInputs
from domain.ranking.model import UNTRAINED, Model, TrainedModel
from domain.records.customers import Address, Customer, CustomerChange, NewCustomer, Segment, StoredAddress
from domain.records.interactions import CustomerEvent, count_events
from domain.records.privacy import StoredPerson
from domain.records.products import Product, ProductChange
from domain.records.recommendations import RecommendationList, ScoredList
from domain.records.values import from_microseconds
from infra.storage.sql import addresses as customer_addresses
from infra.storage.sql import catalogue, customers, events, list_inputs, models, privacy, stored_lists
from infra.storage.sql.cache import Cache
from infra.storage.sql.customer_activity import activity, segment_inputs
from infra.storage.sql.engine import Engine
from infra.storage.sql.list_inputs import CustomerRead
from infra.storage.sql.statements import ConcurrentWrite, Steps

T = TypeVar("T")

LONG_COUNT_SECONDS = 0.05
COUNT_SHARE = 0.01


class SqlRepository:
    """A shop in tables; `currency` is the default of prices and orders."""

    def __init__(self, engine: Engine, *, currency: str) -> None:
        self.engine = engine
        self._currency = currency
        self._newest_model = UNTRAINED
        self._cache = Cache()
        self._counted = (0, 0, 0)
        self._counted_for = ""
        self._count_again_at = 0.0

    async def create_customer(self, new: NewCustomer, *, now: datetime) -> Customer:
        return await self.engine.write(customers.create, new, now=now)

    async def add_addresses(self, customer_id: str, addresses: Sequence[Address]) -> list[StoredAddress]:
        return await self.engine.write(customer_addresses.add_addresses, customer_id, addresses)

    async def record(self, events: Sequence[CustomerEvent], *, now: datetime) -> Recorded:
        return await self.engine.write(self._record, events, now=now)

    async def profile(self, customer_id: str) -> StoredProfile:
        return await self.engine.read(self._profile, customer_id)

    async def ranking_inputs(self, customer_id: str, *, category: str | None = None) -> RankingInputs:
        return await self.engine.read(self._ranking_inputs, customer_id, category=category)

    async def candidates(self, query: CandidateQuery) -> list[Product]:
        return await self.engine.read(list_inputs.candidates, query, cache=self._cache)

    async def stored_first_page(self, customer_id: str) -> RecommendationList | None:
        return await self.engine.look_up(stored_lists.read_first_page, customer_id)

    async def stored_list(self, customer_id: str) -> ScoredList | None:
        return await self.engine.look_up(stored_lists.read_list, customer_id)

    async def store_list(self, stored: StoredList) -> None:
        await self.engine.put(stored_lists.store, stored)

    async def summary(self) -> ShopSummary:
        return await self.engine.read(self._summary)

    async def export(self, customer_id: str) -> StoredPerson:
        return await self.engine.read(self._export, customer_id)

    async def erase(self, customer_id: str) -> None:
        await self.engine.write(privacy.erase, customer_id)
        await self.engine.scrub()
        await self.engine.write(privacy.finish, customer_id)

    async def purge_events(self, *, before: datetime) -> int:
        return await self.engine.write(self._purge_events, before=before)

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]:
        return await self.engine.write(catalogue.put, changes, now=now, currency=self._currency)

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]:
        return await self.engine.write(customers.put, changes, now=now)

    async def put_events(self, events: Sequence[CustomerEvent], *, create_products: bool, now: datetime) -> list[Outcome]:
        return await self.engine.write(self._put_events, events, create_products=create_products, now=now)

    async def training_events(self) -> AsyncIterator[list[TrainingEvent]]:
        event_id = ""
        while True:
            event_id, batch = await self.engine.read(models.interactions_after, event_id)
            if not batch:
                break
            yield batch
        order_id, line = "", 0
        while True:
            order_id, line, batch = await self.engine.read(models.order_items_after, order_id, line, currency=self._currency)
            if not batch:
                break
            yield batch

    async def training_products(self) -> AsyncIterator[list[Product]]:
        index = -1
        while batch := await self.engine.read(models.products_after, index):
            yield batch
            index = batch[-1].product_index

    async def current_model(self) -> Model:
        return await self.engine.read(self._current_model)

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
        await self.engine.write(models.switch_to, trained.model)
        while await self.engine.write(models.drop_old):
            pass

    async def stored_models(self) -> list[Model]:
        return await self.engine.read(models.read_all)

    async def use_model(self, model_id: str) -> None:
        await self.engine.write(models.use, model_id)

    def _model(self, model_id: str) -> Steps[Model]:
        """Read a model once: it never changes under its id, and only the newest one is needed."""
        if self._newest_model.model_id != model_id:
            self._newest_model = yield from models.read_model(model_id)
        return self._newest_model

    def _current_model(self) -> Steps[Model]:
        return (yield from self._model((yield from models.current_id())))

    def _summary(self) -> Steps[ShopSummary]:
        model = yield from self._current_model()
        n_products, n_events, n_newer = yield from self._counts(model)
        return ShopSummary(
            n_products=n_products,
            n_events=n_events,
            n_events_trained=model.n_events,
            # Events may have been purged since the training, and old events may arrive late; the larger bound holds.
            n_events_untrained=max(n_events - model.n_events, n_newer),
            model_id=model.model_id,
            trained_at=from_microseconds(model.trained_at) if model.trained_at else None,
            config=model.config,
        )

    def _counts(self, model: Model) -> Steps[tuple[int, int, int]]:
        """Count products and events; a slow count is reused, so that counting takes at most 1 % of the time."""
        began = time.monotonic()
        if began >= self._count_again_at or self._counted_for != model.model_id:
            self._counted = yield from models.count_rows(model.newest_event_at)
            self._counted_for = model.model_id
            took = time.monotonic() - began
            if took > LONG_COUNT_SECONDS:
                self._count_again_at = began + took / COUNT_SHARE
        return self._counted

    def _record(self, events_of_one: Sequence[CustomerEvent], *, now: datetime) -> Steps[Recorded]:
        customer_id = events_of_one[0].customer_id
        versions = yield from list_inputs.versions(customer_id, lock=True)
        batch = yield from events.batch_for(events_of_one, now=now, currency=self._currency)
        is_new = [batch.add(event) for event in events_of_one]
        yield from batch.write()
        yield from customers.raise_versions(batch.customer_ids)
        model = yield from self._model(versions.model_id)
        return Recorded(
            accepted=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if new]),
            seen_before=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if not new]),
            segment_inputs=(yield from segment_inputs(customer_id, model=model, currency=self._currency)),
        )

    def _put_events(
        self, imported: Sequence[CustomerEvent], *, create_products: bool, now: datetime
    ) -> Steps[list[Outcome]]:
        if create_products:
            yield from events.create_unknown_products(imported, now=now, currency=self._currency)
        batch = yield from events.batch_for(imported, now=now, currency=self._currency)
        erased = yield from privacy.find_erased({event.customer_id for event in imported})
        outcomes: list[Outcome] = []
        for event in imported:
            if event.customer_id in erased:
                outcomes.append(privacy.REFUSED)
                continue
            try:
                outcomes.append(Outcome(status="new" if batch.add(event) else "seen_before"))
            except (ProductNotFound, EventIdReused) as error:
                field, reason = events.refusal(error)
                outcomes.append(Outcome(status="refused", field=field, reason=reason))
        yield from customers.create_or_raise_versions(batch.customer_ids, now=now)
        if (yield from privacy.find_erased(batch.customer_ids)):
            raise ConcurrentWrite
        yield from batch.write()
        return outcomes

    def _purge_events(self, *, before: datetime) -> Steps[int]:
        gone = yield from events.purge(before=before)
        yield from customers.raise_versions(set(gone))
        yield from stored_lists.forget(set(gone))
        return len(gone)

    def _read(self, customer_id: str) -> Steps[CustomerRead]:
        versions = yield from list_inputs.versions(customer_id)
        return CustomerRead(customer_id, versions, (yield from self._model(versions.model_id)))

    def _export(self, customer_id: str) -> Steps[StoredPerson]:
        read = yield from self._read(customer_id)
        inputs = yield from segment_inputs(customer_id, model=read.model, currency=self._currency)
        customer = yield from customers.read(customer_id, inputs)
        return (yield from privacy.export(customer, (yield from customer_addresses.addresses(customer_id))))

    def _profile(self, customer_id: str) -> Steps[StoredProfile]:
        read = yield from self._read(customer_id)
        inputs = yield from segment_inputs(customer_id, model=read.model, currency=self._currency)
        return StoredProfile(
            customer=(yield from customers.read(customer_id, inputs)),
            addresses=(yield from customer_addresses.addresses(customer_id)),
            activity=(yield from activity(customer_id, inputs.purchases)),
            segment_inputs=inputs,
            history=(yield from list_inputs.history(read, cache=self._cache)),
            interest_days=read.model.config.hyperparameters.interest_days,
        )

    def _ranking_inputs(self, customer_id: str, *, category: str | None) -> Steps[RankingInputs]:
        read = yield from self._read(customer_id)
        return (yield from list_inputs.ranking_inputs(read, category=category, currency=self._currency, cache=self._cache))
