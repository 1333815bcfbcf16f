"""Storage in PostgreSQL, or in a database with its protocol."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from infra.storage.postgres.connections import Connections, PoolOptions
from infra.storage.postgres.reading import PostgresRepository
from infra.storage.sql.repository import SqlRepository

__all__ = ["PoolOptions", "open_postgres"]


@asynccontextmanager
async def open_postgres(url: str, *, currency: str, options: PoolOptions, migrate: bool) -> AsyncGenerator[SqlRepository]:
    """Connect to the database; raise ConfigurationError if that fails, or if its schema is old and `migrate` is False."""
    connections = Connections(url, options)
    await connections.open(migrate=migrate)
    try:
        yield PostgresRepository(connections, currency=currency)
    finally:
        await connections.close()
