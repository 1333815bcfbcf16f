"""The repository over tables: the protocols of `domain.ports`, with one transaction per method."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from domain.ports.repository import CatalogueChanges, ListVersions, Recorded, StoredList, StoredProfile
from domain.ranking.model import NeighbourLists, WeightedProducts
from domain.ranking.packed_history import CustomerState
from domain.records.audit import THE_APP
from domain.records.currencies import Currencies
from domain.records.customers import Address, Customer, NewCustomer, StoredAddress
from domain.records.guests import CustomerStatus, GuestMerge, MergedGuest
from domain.records.interactions import CustomerEvent, count_events
from domain.records.products import Product
from domain.records.recommendations import ListRequest, RankedList
from infra.storage.sql import addresses as customer_addresses
from infra.storage.sql import (
    catalogue,
    customers,
    events,
    guests,
    histories,
    list_inputs,
    merging,
    models,
    registration,
    stored_lists,
)
from infra.storage.sql.attribution_tables import AttributionTables
from infra.storage.sql.audit_tables import DELAY_SECONDS, AuditTables
from infra.storage.sql.correction_tables import CorrectionTables
from infra.storage.sql.customer_activity import activity, purchase_summary
from infra.storage.sql.dashboard_tables import DashboardTables
from infra.storage.sql.diagnosis_tables import DiagnosisTables
from infra.storage.sql.engine import Engine
from infra.storage.sql.experiment_tables import ExperimentTables
from infra.storage.sql.histories import CustomerEvents
from infra.storage.sql.list_references import Lists
from infra.storage.sql.personal_data import PersonalData
from infra.storage.sql.product_tables import ProductTables
from infra.storage.sql.rehearsal import ImportRehearsal
from infra.storage.sql.related_tables import RelatedTables
from infra.storage.sql.removals import settle_new
from infra.storage.sql.retention_tables import RetentionTables
from infra.storage.sql.rule_tables import RuleTables
from infra.storage.sql.statements import Steps
from infra.storage.sql.summary_tables import SummaryTables
from infra.storage.sql.unlisted_products import create_unknown
from infra.storage.sql.write_behind import WriteBehind
from infra.storage.sql.write_monitor import WriteMonitor

T = TypeVar("T")

CHECK_SECONDS = 0.5
"""How long a successful check holds; anyone may ask for it, as often as they like."""


class SqlRepository(
    CorrectionTables,
    RelatedTables,
    ProductTables,
    RuleTables,
    ExperimentTables,
    AttributionTables,
    AuditTables,
    PersonalData,
    RetentionTables,
    SummaryTables,
    DiagnosisTables,
    DashboardTables,
):
    """A shop in tables; the own one of `currencies` is the default of prices and orders.

    What may be lost is written `delay_seconds` after the answer.
    """

    def __init__(self, engine: Engine, *, currencies: Currencies, delay_seconds: float = 0.0) -> None:
        RelatedTables.__init__(self, engine, currencies=currencies)
        ProductTables.__init__(self, engine, currencies=currencies)
        PersonalData.__init__(self, engine, currencies=currencies, read_state=self.any_state)
        RetentionTables.__init__(self, engine)
        AttributionTables.__init__(self, engine, currencies=currencies)
        self._currency = currencies.own
        self._write_behind = WriteBehind(engine, delay_seconds=delay_seconds)
        audit_delay = DELAY_SECONDS if delay_seconds else 0.0
        AuditTables.__init__(self, engine, write_behind=self._write_behind, delay_seconds=audit_delay)
        self._write_monitor = WriteMonitor(engine)
        self._check_again_at = 0.0

    def rehearsal(self) -> ImportRehearsal:
        """Return a store for imports that answers as this one, and keeps nothing."""
        return ImportRehearsal(self.engine, currencies=self.currencies)

    async def create_customer(self, new: NewCustomer, *, now: datetime) -> Customer:
        return await self.engine.write(registration.create, new, now=now)

    async def merge_guest(self, asked: GuestMerge, *, now: datetime, actor: str = THE_APP) -> MergedGuest:
        return await self.engine.write(merging.merge, asked, now=now, actor=actor)

    async def add_addresses(self, customer_id: str, addresses: Sequence[Address]) -> list[StoredAddress]:
        return await self.engine.write(customer_addresses.add_addresses, customer_id, addresses)

    async def record(self, events: Sequence[CustomerEvent], *, now: datetime, create_products: bool = False) -> Recorded:
        lists = await self.lists_of(events)
        return await self.engine.write(self._record, events, lists=lists, now=now, create_products=create_products)

    async def record_while(
        self,
        prepare: Callable[[Recorded], Awaitable[None]],
        events: Sequence[CustomerEvent],
        *,
        now: datetime,
        create_products: bool = False,
    ) -> Recorded:
        lists, run = await self.lists_of(events), self.engine.write_while
        return await run(prepare, self._record, events, lists=lists, now=now, create_products=create_products)

    async def profile(self, customer_id: str) -> StoredProfile:
        return await self.engine.read(self._profile, customer_id)

    async def customer_state(self, customer_id: str) -> CustomerState:
        state = await self.engine.look_up(self.packed_state, customer_id)
        if state is None:
            # Packed in one snapshot with the version that it is stored for.
            state, packed = await self.engine.read(self.new_state, customer_id)
            stored_id = state.customer_id
            await self._write_behind.put(("history", stored_id), histories.write, stored_id, state.version, packed)
        return state

    async def newcomer_state(self, customer_id: str) -> CustomerState:
        return await self.engine.read(self._newcomer_state, customer_id)

    async def customer_status(self, customer_id: str) -> CustomerStatus:
        return await self.engine.look_up(guests.status, customer_id)

    async def catalogue_changes(self, since: int) -> CatalogueChanges:
        return await self.engine.look_up(catalogue.changes_after, since, self.currencies)

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

    async def stored_list(self, customer_id: str, *, length: int) -> tuple[RankedList, ListVersions] | None:
        current, written = await self.engine.look_up(stored_lists.read, customer_id)
        (unwritten,) = self._write_behind.pending(("list", current.customer_id)) or (None,)
        for stored in (written, unwritten):
            if stored is not None and current.allows(stored, length=length):
                return stored.ranked, current.versions
        return None

    async def store_list(self, stored: StoredList) -> None:
        await self._write_behind.put(("list", stored.ranked.customer_id), stored_lists.store, stored)

    async def close(self) -> None:
        """Make the writes that were put off."""
        await self.close_audit()
        await self._write_behind.close()
        await self._write_monitor.close()

    async def check_readable(self) -> None:
        if time.monotonic() >= self._check_again_at:
            await self.engine.read_anew(models.current_id)
            self._check_again_at = time.monotonic() + CHECK_SECONDS

    async def accepts_writes(self) -> bool:
        return await self._write_monitor.accepts_writes()

    def _record(
        self, events_of_one: Sequence[CustomerEvent], *, lists: Lists, now: datetime, create_products: bool
    ) -> Steps[Recorded]:
        created: list[str] = []
        if create_products:
            # Before the customer is locked: imports lock the catalogue first, too.
            product_ids = {product_id for event in events_of_one for product_id in events.product_ids_of(event)}
            created = yield from create_unknown(product_ids, now=now, currency=self._currency)
        row = yield from guests.known(events_of_one[0])
        customer_id = row.customer_id if row else events_of_one[0].customer_id
        batch = yield from events.batch_for(events_of_one, lists=lists, now=now, currency=self._currency)
        is_new = [batch.add(event) for event in events_of_one]
        row = row or (yield from guests.register(customer_id, now=now))
        yield from batch.write(customer_id)
        if (yield from settle_new(batch.stored_interactions(customer_id))):
            row = replace(row, events=None)
        if batch.has_new:
            yield from customers.raise_versions([customer_id])
            row = replace(row, version=row.version + 1, events=row.events and batch.added_to(row.events))
            # Without a packed history, the next reader packs one: no history is read while other writers wait.
            if row.events is not None:
                yield from histories.write(customer_id, row.version, row.events)
        return Recorded(
            accepted=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if new]),
            seen_before=count_events([event for event, new in zip(events_of_one, is_new, strict=True) if not new]),
            state=(yield from self.state_of(row, row.events)) if row.events else None,
            created_products=created,
        )

    def _newcomer_state(self, customer_id: str) -> Steps[CustomerState]:
        row = yield from guests.newcomer(customer_id)
        return (yield from self.state_of(row, CustomerEvents()))

    def _profile(self, customer_id: str) -> Steps[StoredProfile]:
        state, packed = yield from self.new_state(customer_id)
        return StoredProfile(
            customer=(yield from customers.read(state.customer_id, state.segment_inputs)),
            addresses=(yield from customer_addresses.addresses(state.customer_id)),
            activity=(
                yield from activity(state.customer_id, purchase_summary(packed.purchases, currencies=self.currencies))
            ),
            state=state,
        )
