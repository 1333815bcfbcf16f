"""The repository over tables: the protocols of `domain.ports`, with one transaction per method."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from domain.ports import Recorded, ShopSummary, StoredList, StoredProfile
from domain.ranking.model import Model, NeighbourLists, WeightedProducts
from domain.ranking.packed_history import CustomerState
from domain.records.currencies import Currencies
from domain.records.customers import Address, Customer, NewCustomer, StoredAddress
from domain.records.guests import GuestMerge, MergedGuest
from domain.records.interactions import CustomerEvent, count_events
from domain.records.privacy import CustomerExport
from domain.records.products import Product
from domain.records.recommendations import ListRequest, RecommendationList
from domain.records.values import from_microseconds
from infra.storage.sql import addresses as customer_addresses
from infra.storage.sql import (
    catalogue,
    customers,
    events,
    export,
    guests,
    histories,
    list_inputs,
    merging,
    models,
    stored_lists,
)
from infra.storage.sql.customer_activity import activity, segment_inputs_from
from infra.storage.sql.engine import Engine
from infra.storage.sql.histories import CustomerEvents, CustomerRow
from infra.storage.sql.import_tables import ImportTables
from infra.storage.sql.model_tables import ModelTables
from infra.storage.sql.privacy_tables import PrivacyTables
from infra.storage.sql.rehearsal import ImportRehearsal
from infra.storage.sql.statements import Steps
from infra.storage.sql.write_behind import WriteBehind
from infra.storage.sql.write_monitor import WriteMonitor

T = TypeVar("T")

LONG_COUNT_SECONDS = 0.05
COUNT_SHARE = 0.01
CHECK_SECONDS = 0.5
"""How long a successful check holds; anyone may ask for it, as often as they like."""


class SqlRepository(ModelTables, ImportTables, PrivacyTables):
    """A shop in tables; the own one of `currencies` is the default of prices and orders.

    What may be lost is written `delay_seconds` after the answer.
    """

    def __init__(self, engine: Engine, *, currencies: Currencies, delay_seconds: float = 0.0) -> None:
        ModelTables.__init__(self, engine, currencies=currencies)
        ImportTables.__init__(self, engine, currencies=currencies)
        PrivacyTables.__init__(self, engine)
        self._currency = currencies.own
        self._write_behind = WriteBehind(engine, delay_seconds=delay_seconds)
        self._write_monitor = WriteMonitor(engine)
        self._check_again_at = 0.0
        self._counted = (0, 0, 0)
        self._counted_for = ""
        self._count_again_at = 0.0

    def rehearsal(self) -> ImportRehearsal:
        """Return a store for imports that answers as this one, and keeps nothing."""
        return ImportRehearsal(self.engine, currencies=self.currencies)

    async def create_customer(self, new: NewCustomer, *, now: datetime) -> Customer:
        return await self.engine.write(customers.create, new, now=now)

    async def merge_guest(self, asked: GuestMerge, *, now: datetime) -> MergedGuest:
        return await self.engine.write(merging.merge, asked, now=now)

    async def add_addresses(self, customer_id: str, addresses: Sequence[Address]) -> list[StoredAddress]:
        return await self.engine.write(customer_addresses.add_addresses, customer_id, addresses)

    async def record(self, events: Sequence[CustomerEvent], *, now: datetime) -> Recorded:
        return await self.engine.write(self._record, events, now=now)

    async def record_while(
        self, prepare: Callable[[Recorded], Awaitable[None]], events: Sequence[CustomerEvent], *, now: datetime
    ) -> Recorded:
        return await self.engine.write_while(prepare, self._record, events, now=now)

    async def profile(self, customer_id: str) -> StoredProfile:
        return await self.engine.read(self._profile, customer_id)

    async def customer_state(self, customer_id: str) -> CustomerState:
        state = await self.engine.look_up(self._packed_state, customer_id)
        if state is None:
            # Packed in one snapshot with the version that it is stored for.
            state, packed = await self.engine.read(self._new_state, customer_id)
            stored_id = state.customer_id
            await self._write_behind.put(("history", stored_id), histories.write, stored_id, state.version, packed)
        return state

    async def newcomer_state(self, customer_id: str) -> CustomerState:
        return await self.engine.read(self._newcomer_state, customer_id)

    async def products(self, indexes: Sequence[int]) -> list[Product]:
        return await self.engine.look_up(catalogue.by_index, indexes, self.currencies)

    async def newest_products(self, request: ListRequest, *, n: int) -> list[int]:
        return await self.engine.look_up(catalogue.newest_admitted, request, n, self.currencies)

    async def newest_of_categories(self, categories: Sequence[str], *, n: int) -> dict[str, list[int]]:
        return await self.engine.look_up(catalogue.newest_of, categories, n)

    async def neighbours(self, model_id: str, product_indexes: Sequence[int]) -> list[NeighbourLists]:
        return await self.engine.look_up(list_inputs.neighbours, model_id, product_indexes)

    async def category_trends(self, model_id: str, categories: Sequence[str]) -> dict[str, bytes]:
        return await self.engine.look_up(list_inputs.category_trends, model_id, categories)

    async def recent_popularity(self) -> WeightedProducts:
        return await self.engine.look_up(list_inputs.recent_popularity)

    async def stored_list(self, customer_id: str, *, length: int) -> RecommendationList | None:
        stored_id, current, stored = await self.engine.look_up(stored_lists.read, customer_id, length)
        if stored is None and (pending := self._write_behind.pending(("list", stored_id))):
            (unwritten,) = pending
            is_current = stored_lists.versions_of(unwritten) == tuple(current) and unwritten.length >= length
            return unwritten.recommendations if is_current else None
        return stored

    async def store_list(self, stored: StoredList) -> None:
        await self._write_behind.put(("list", stored.recommendations.customer_id), stored_lists.store, stored)

    async def close(self) -> None:
        """Make the writes that were put off."""
        await self._write_behind.close()
        await self._write_monitor.close()

    async def check_readable(self) -> None:
        if time.monotonic() >= self._check_again_at:
            await self.engine.read_anew(models.current_id)
            self._check_again_at = time.monotonic() + CHECK_SECONDS

    async def accepts_writes(self) -> bool:
        return await self._write_monitor.accepts_writes()

    async def summary(self) -> ShopSummary:
        return await self.engine.read(self._summary)

    async def export(self, customer_id: str) -> CustomerExport:
        return await self.engine.read(self._export, customer_id)

    def _summary(self) -> Steps[ShopSummary]:
        model = yield from self.model_in_use()
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
        row = yield from guests.known(events_of_one[0])
        customer_id = row.customer_id if row else events_of_one[0].customer_id
        batch = yield from events.batch_for(events_of_one, now=now, currency=self._currency)
        is_new = [batch.add(event) for event in events_of_one]
        row = row or (yield from guests.register(customer_id, now=now))
        yield from batch.write(customer_id)
        if batch.has_new:
            yield from customers.raise_versions([customer_id])
            row = replace(row, version=row.version + 1, events=row.events and batch.added_to(row.events))
            # Without a packed history, the next reader packs one: no history is read while other writers wait.
            if row.events is not None:
                yield from histories.write(customer_id, row.version, row.events)
        return Recorded(
            accepted=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if new]),
            seen_before=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if not new]),
            state=(yield from self._state(row, row.events)) if row.events else None,
        )

    def _export(self, customer_id: str) -> Steps[CustomerExport]:
        state = yield from self._any_state(customer_id)
        customer = yield from customers.read(state.customer_id, state.segment_inputs)
        return (yield from export.export(customer, (yield from customer_addresses.addresses(state.customer_id))))

    def _profile(self, customer_id: str) -> Steps[StoredProfile]:
        state = yield from self._any_state(customer_id)
        return StoredProfile(
            customer=(yield from customers.read(state.customer_id, state.segment_inputs)),
            addresses=(yield from customer_addresses.addresses(state.customer_id)),
            activity=(yield from activity(state.customer_id, state.segment_inputs.purchases)),
            state=state,
        )

    def _packed_state(self, customer_id: str) -> Steps[CustomerState | None]:
        row = yield from histories.read(customer_id)
        return (yield from self._state(row, row.events)) if row.events else None

    def _new_state(self, customer_id: str) -> Steps[tuple[CustomerState, CustomerEvents]]:
        row = yield from histories.read(customer_id)
        packed = row.events or (yield from histories.pack(row.customer_id))
        return (yield from self._state(row, packed)), packed

    def _newcomer_state(self, customer_id: str) -> Steps[CustomerState]:
        row = yield from guests.newcomer(customer_id)
        return (yield from self._state(row, CustomerEvents()))

    def _any_state(self, customer_id: str) -> Steps[CustomerState]:
        return (yield from self._new_state(customer_id))[0]

    def _state(self, row: CustomerRow, packed: CustomerEvents) -> Steps[CustomerState]:
        model = yield from self.model(row.model_id)
        return CustomerState(
            customer_id=row.customer_id,
            version=row.version,
            catalogue_version=row.catalogue_version,
            model=model,
            segment_inputs=segment_inputs_from(
                packed.purchases, assigned=row.segment, model=model, currencies=self.currencies
            ),
            history=packed.history,
        )
