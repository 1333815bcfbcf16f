"""Storage in one SQLite file."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.storage.sql.repository import SqlRepository
from infra.storage.sqlite.connections import Connections


@asynccontextmanager
async def open_sqlite(path: Path, *, currency: str) -> AsyncGenerator[SqlRepository]:
    """Open the database file, creating and migrating it as needed; raise ConfigurationError if it cannot be used."""
    connections = Connections(path)
    await connections.open()
    try:
        yield SqlRepository(connections, currency=currency)
    finally:
        await connections.close()
