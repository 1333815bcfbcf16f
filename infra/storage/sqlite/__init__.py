"""Storage in one SQLite file."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from domain.records.currencies import NO_RATES, Currencies
from infra.storage.sql.repository import SqlRepository
from infra.storage.sqlite.connections import Connections


@asynccontextmanager
async def open_sqlite(
    path: Path, *, currency: str, rates: Mapping[str, float] = NO_RATES, delay_seconds: float = 0.0
) -> AsyncGenerator[SqlRepository]:
    """Open the database file, creating and migrating it as needed; raise ConfigurationError if it cannot be used.

    `rates` are the worth of one unit of other currencies in `currency`; `delay_seconds` is that of `SqlRepository`.
    """
    connections = Connections(path)
    await connections.open()
    repository = SqlRepository(connections, currencies=Currencies(own=currency, rates=rates), delay_seconds=delay_seconds)
    try:
        yield repository
    finally:
        await repository.close()
        await connections.close()
