"""Storage in PostgreSQL, or in a database with its protocol."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from domain.records.currencies import Currencies
from infra.storage.postgres.connections import Connections, PoolOptions
from infra.storage.sql.repository import SqlRepository

__all__ = ["PoolOptions", "open_postgres"]


@asynccontextmanager
async def open_postgres(
    url: str,
    *,
    currencies: Currencies,
    options: PoolOptions,
    migrate: bool,
    delay_seconds: float = 0.0,
) -> AsyncGenerator[SqlRepository]:
    """Connect to the database; raise ConfigurationError if that fails, or if its schema is old and `migrate` is False.

    `currencies` and `delay_seconds` are those of `SqlRepository`.
    """
    connections = Connections(url, options)
    await connections.open(migrate=migrate)
    repository = SqlRepository(connections, currencies=currencies, delay_seconds=delay_seconds)
    try:
        yield repository
    finally:
        await repository.close()
        await connections.close()
