"""The SQLite repository: the protocols of `domain.ports`, each method one function in a connection's thread."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection

from domain.customers import Address, Customer, CustomerChange, NewCustomer, StoredAddress
from domain.errors import EventIdReused, ProductNotFound
from domain.evidence import CandidateQuery, Evidence, ShopSummary, StoredList, StoredProfile
from domain.interactions import CustomerEvent, count_events
from domain.model import UNTRAINED, Model
from domain.ports import Outcome, Recorded, TrainedModel, TrainingEvent
from domain.products import Product, ProductChange
from domain.recommendations import RecommendationList, ScoredList
from infra.sqlite import catalogue, customers, events, lists, models
from infra.sqlite.cache import Cache
from infra.sqlite.connections import Connections


class SqliteRepository:
    """A shop in one SQLite file; `currency` is the one that prices and orders have when they name none."""

    def __init__(self, connections: Connections, *, currency: str) -> None:
        self._connections = connections
        self._currency = currency
        self._newest_model = UNTRAINED
        self._cache = Cache()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, currency: str) -> AsyncGenerator["SqliteRepository"]:
        """Open the file, made and migrated where needed; raise Unusable where that cannot be done."""
        connections = Connections(path)
        await connections.open()
        try:
            yield cls(connections, currency=currency)
        finally:
            await connections.close()

    # Repository

    async def create_customer(self, new: NewCustomer, *, now: datetime) -> Customer:
        return await self._connections.write(customers.create, new, now=now)

    async def add_addresses(self, customer_id: str, addresses: Sequence[Address]) -> list[StoredAddress]:
        return await self._connections.write(customers.add_addresses, customer_id, addresses)

    async def record(self, events: Sequence[CustomerEvent], *, now: datetime) -> Recorded:
        return await self._connections.write(self._record, events, now=now)

    async def profile(self, customer_id: str) -> StoredProfile:
        return await self._connections.read(self._profile, customer_id)

    async def evidence(self, customer_id: str, *, category: str | None = None) -> Evidence:
        return await self._connections.read(self._evidence, customer_id, category=category)

    async def candidates(self, query: CandidateQuery) -> list[Product]:
        return await self._connections.read(lists.candidates, query, cache=self._cache)

    async def stored_beginning(self, customer_id: str) -> RecommendationList | None:
        return await self._connections.look_up(lists.read_beginning, customer_id)

    async def stored_list(self, customer_id: str) -> ScoredList | None:
        return await self._connections.look_up(lists.read_list, customer_id)

    async def store_list(self, stored: StoredList) -> None:
        await self._connections.write(lists.store, stored)

    async def summary(self) -> ShopSummary:
        return await self._connections.read(self._summary)

    # Intake

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]:
        return await self._connections.write(catalogue.put, changes, now=now, currency=self._currency)

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]:
        return await self._connections.write(customers.put, changes, now=now)

    async def put_events(self, events: Sequence[CustomerEvent], *, create_products: bool, now: datetime) -> list[Outcome]:
        return await self._connections.write(self._put_events, events, create_products=create_products, now=now)

    # ModelStore

    async def training_events(self) -> AsyncIterator[list[TrainingEvent]]:
        row = 0
        while True:
            row, batch = await self._connections.read(models.interactions_after, row)
            if not batch:
                break
            yield batch
        row = 0
        while True:
            row, batch = await self._connections.read(models.order_items_after, row, currency=self._currency)
            if not batch:
                break
            yield batch

    async def training_products(self) -> AsyncIterator[list[Product]]:
        index = -1
        while batch := await self._connections.read(models.products_after, index):
            yield batch
            index = batch[-1].product_index

    async def assigned_segments(self) -> dict[str, str]:
        return await self._connections.read(models.assigned_segments)

    async def lock_training(self, holder: str, *, now: datetime, seconds: int) -> None:
        await self._connections.write(models.lock, holder, now=now, seconds=seconds)

    async def unlock_training(self, holder: str) -> None:
        await self._connections.write(models.unlock, holder)

    async def save_model(self, trained: TrainedModel) -> None:
        model_id = trained.model.model_id
        for first in range(0, len(trained.neighbours), models.BATCH):
            batch = trained.neighbours[first : first + models.BATCH]
            await self._connections.write(models.write_neighbours, model_id, batch)
        trends = list(trained.category_trends.items())
        for first in range(0, len(trends), models.BATCH):
            await self._connections.write(models.write_trends, model_id, trends[first : first + models.BATCH])
        await self._connections.write(models.switch_to, trained.model)
        while await self._connections.write(models.drop_old):
            pass

    # What several of them share, run in a connection's thread

    def _model(self, connection: Connection, model_id: str) -> Model:
        """Read a model once: it never changes under its id, and only the newest is asked for."""
        if self._newest_model.model_id != model_id:
            self._newest_model = models.read_model(connection, model_id)
        return self._newest_model

    def _summary(self, connection: Connection) -> ShopSummary:
        return models.summary(connection, self._model(connection, models.current_id(connection)))

    def _record(self, connection: Connection, events_of_one: Sequence[CustomerEvent], *, now: datetime) -> Recorded:
        customer_id = events_of_one[0].customer_id
        at = lists.versions(connection, customer_id)
        batch = events.Batch(connection, events_of_one, now=now, currency=self._currency)
        is_new = [batch.add(event) for event in events_of_one]
        batch.write()
        customers.raise_versions(connection, batch.customer_ids)
        model = self._model(connection, at.model_id)
        return Recorded(
            accepted=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if new]),
            seen_before=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if not new]),
            standing=customers.standing(connection, customer_id, model=model, currency=self._currency),
        )

    def _put_events(
        self, connection: Connection, imported: Sequence[CustomerEvent], *, create_products: bool, now: datetime
    ) -> list[Outcome]:
        if create_products:
            events.create_unknown_products(connection, imported, now=now, currency=self._currency)
        batch = events.Batch(connection, imported, now=now, currency=self._currency)
        outcomes: list[Outcome] = []
        for event in imported:
            try:
                outcomes.append(Outcome(status="new" if batch.add(event) else "seen_before"))
            except (ProductNotFound, EventIdReused) as error:
                field, reason = events.refusal(error)
                outcomes.append(Outcome(status="refused", field=field, reason=reason))
        customers.create_or_raise_versions(connection, batch.customer_ids, now=now)
        batch.write()
        return outcomes

    def _profile(self, connection: Connection, customer_id: str) -> StoredProfile:
        at = lists.versions(connection, customer_id)
        model = self._model(connection, at.model_id)
        standing = customers.standing(connection, customer_id, model=model, currency=self._currency)
        return StoredProfile(
            customer=customers.read(connection, customer_id, standing),
            addresses=customers.addresses(connection, customer_id),
            activity=customers.activity(connection, customer_id, standing.purchases),
            standing=standing,
            history=lists.history(connection, customer_id, cache=self._cache, catalogue_version=at.catalogue),
            half_life_days=model.half_life_days,
        )

    def _evidence(self, connection: Connection, customer_id: str, *, category: str | None) -> Evidence:
        at = lists.versions(connection, customer_id)
        model = self._model(connection, at.model_id)
        standing = customers.standing(connection, customer_id, model=model, currency=self._currency)
        return lists.gather(
            connection,
            customer_id,
            at=at,
            standing=standing,
            model=model,
            cache=self._cache,
            category=category,
        )
