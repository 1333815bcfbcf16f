"""The part of the repository that imports a shop's history, and takes imports back."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from domain.ports.ingest import Outcome
from domain.records.currencies import Currencies
from domain.records.customers import CustomerChange
from domain.records.imports import ImportedEvent, ImportRecord, OrderReturn
from domain.records.products import ProductChange
from infra.storage.sql import aliases, amending, catalogue, customers, imported_events, imports, undo
from infra.storage.sql import returns as order_returns
from infra.storage.sql.engine import Engine
from infra.storage.sql.import_run import ImportRun
from infra.storage.sql.known_products import ProductCache
from infra.storage.sql.statements import Steps


class ImportTables:
    """The protocol IngestStore over tables."""

    def __init__(self, engine: Engine, *, currencies: Currencies) -> None:
        self.engine = engine
        self.currencies = currencies
        self._known_products = ProductCache()
        self._undo_positions: dict[str, undo.Position] = {}

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]:
        outcomes, has_aliases = await self.engine.write(self._put_products, changes, now=now)
        return await self._put_aliases(changes, outcomes) if has_aliases else outcomes

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]:
        return await self.engine.write(customers.put, changes, now=now)

    async def put_events(
        self, events: Sequence[ImportedEvent], *, create_products: bool, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        run = ImportRun(import_id=import_id, now=now, currency=self.currencies.own)
        # Its references are looked up, and checking them again took a fifth of the time.
        outcomes, learned = await self.engine.write_unchecked(
            imported_events.put, events, run=run, cache=self._known_products, create_products=create_products
        )
        self._known_products.keep(learned)
        if None in outcomes:
            stored = [event for event, outcome in zip(events, outcomes, strict=True) if outcome is None]
            amended = iter(await self._amend(stored, run=run))
            return [next(amended) if outcome is None else outcome for outcome in outcomes]
        return [outcome for outcome in outcomes if outcome is not None]

    async def put_returns(
        self, returns: Sequence[OrderReturn], *, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        run = ImportRun(import_id=import_id, now=now, currency=self.currencies.own)
        while len(outcomes) < len(returns):
            outcomes += await self.engine.write(order_returns.put, returns[len(outcomes) :], run=run)
        return outcomes

    async def begin_import(self, record: ImportRecord) -> None:
        await self.engine.write(imports.begin, record)

    async def finish_import(self, import_id: str, counts: Mapping[str, int], *, now: datetime) -> None:
        await self.engine.write(imports.finish, import_id, counts, now=now)

    async def imports(self, n: int) -> list[ImportRecord]:
        return await self.engine.look_up(imports.newest, n)

    async def undo_import(self, import_id: str) -> int:
        position = self._undo_positions.get(import_id, undo.Position())
        n_undone, self._undo_positions[import_id] = await self.engine.write(undo.undo, import_id, position)
        if not n_undone:
            del self._undo_positions[import_id]
        return n_undone

    async def listed_products(self, after: str | None = None) -> list[str]:
        return await self.engine.look_up(catalogue.listed_after, after or "")

    async def merge_aliases(self) -> int:
        if not await self.engine.look_up(aliases.is_merging_needed):
            return 0
        await self._move_events()
        n_merged = 0
        while n := await self.engine.write_unchecked(aliases.drop_merged):
            n_merged += n
        # Of a writer on PostgreSQL who had found one of these products, and for whom its deletion waited.
        while await self.engine.look_up(aliases.is_any_event_left):
            await self._move_events()
        return n_merged

    async def _move_events(self) -> None:
        for table in aliases.EVENT_KEYS:
            after = None
            while after := await self.engine.write(aliases.move_events, table, after):
                pass

    def _put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> Steps[tuple[list[Outcome], bool]]:
        outcomes = yield from catalogue.put(changes, now=now, currency=self.currencies.own)
        return outcomes, (yield from aliases.is_affected(changes))

    async def _put_aliases(self, changes: Sequence[ProductChange], outcomes: Sequence[Outcome]) -> list[Outcome]:
        changed: set[str] = set()
        ignored: dict[str, int] = {}
        is_complete = False
        while not is_complete:
            written = await self.engine.write(aliases.put, changes)
            changed |= written.changed
            ignored, is_complete = written.ignored, written.is_complete
        return [
            _with_aliases(outcome, is_changed=change.product_id in changed, n_ignored=ignored.get(change.product_id, 0))
            for change, outcome in zip(changes, outcomes, strict=True)
        ]

    async def _amend(self, events: Sequence[ImportedEvent], *, run: ImportRun) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while len(outcomes) < len(events):
            outcomes += await self.engine.write(amending.put, events[len(outcomes) :], run=run)
        return outcomes


def _with_aliases(outcome: Outcome, *, is_changed: bool, n_ignored: int) -> Outcome:
    if is_changed and outcome.status == "unchanged":
        outcome = replace(outcome, status="changed")
    if n_ignored:
        outcome = replace(outcome, field="aliases", reason=f"Left out {n_ignored} that are ids of other products")
    return outcome
