"""Import without keeping anything: what a dry run would store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from domain.ports.ingest import Outcome
from domain.records.currencies import Currencies
from domain.records.imports import ImportedEvent, ImportRecord, OrderReturn
from domain.records.products import ProductChange
from infra.storage.sql.engine import Engine, Prepare
from infra.storage.sql.import_run import ImportRun
from infra.storage.sql.import_tables import ImportTables
from infra.storage.sql.statements import Steps

T = TypeVar("T")


class _RolledBack(Exception, Generic[T]):
    """Carry the result of a transaction out of it, which makes the engine roll it back."""

    def __init__(self, result: T) -> None:
        super().__init__()
        self.result = result


class _RehearsalEngine:
    """An engine whose transactions read, write and return as those of another, and are then rolled back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        def rehearsed() -> Steps[T]:
            raise _RolledBack((yield from transaction(*arguments, **named)))

        try:
            return await self._engine.write(rehearsed)
        except _RolledBack as rolled_back:
            return rolled_back.result

    async def write_unchecked(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self.write(transaction, *arguments, **named)

    async def write_while(
        self, prepare: Prepare[T], transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any
    ) -> T:
        """Write, and prepare nothing: nothing is kept that it could be for."""
        del prepare
        return await self.write(transaction, *arguments, **named)

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self.write(transaction, *arguments)

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self._engine.read(reading, *arguments, **named)

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._engine.look_up(reading, *arguments)

    async def read_anew(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._engine.read_anew(reading, *arguments)

    async def record_erasure(self, key: bytes, id_hashes: Sequence[str]) -> None:
        """Do nothing: nobody is erased."""

    async def scrub(self) -> None:
        """Do nothing: no data was deleted."""


class ImportRehearsal(ImportTables):
    """Answer as an import does, batch by batch, and keep nothing.

    What needs an earlier batch, or a second transaction, is not tried: aliases are taken as they come, orders of which
    something went back count as new, and returns as returned.
    """

    def __init__(self, engine: Engine, *, currencies: Currencies) -> None:
        super().__init__(_RehearsalEngine(engine), currencies=currencies)

    def rehearsal(self) -> "ImportRehearsal":
        return self

    async def put_returns(
        self, returns: Sequence[OrderReturn], *, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        del import_id, now
        return [Outcome(status="returned")] * len(returns)

    async def begin_import(self, record: ImportRecord) -> None:
        pass

    async def finish_import(self, import_id: str, counts: Mapping[str, int], *, now: datetime) -> None:
        pass

    async def merge_aliases(self) -> int:
        return 0

    async def _put_aliases(self, changes: Sequence[ProductChange], outcomes: Sequence[Outcome]) -> list[Outcome]:
        del changes
        return list(outcomes)

    async def _amend(self, events: Sequence[ImportedEvent], *, run: ImportRun) -> list[Outcome]:
        del run
        return [Outcome(status="new")] * len(events)
