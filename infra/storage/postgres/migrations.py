"""Migrations of a PostgreSQL database; the table `schema_versions` has one row for each migration that was applied."""

from contextlib import suppress
from typing import Any

import asyncpg

from domain.errors import ConfigurationError
from infra.storage.postgres.dialect import translated_schema
from infra.storage.sql import schema

_MIGRATION_SECONDS = 3600.0


async def check_or_migrate(connection: Any, *, migrate: bool) -> None:
    """Apply the missing migrations, each in its own transaction; raise ConfigurationError if the schema is newer.

    Without `migrate`, raise ConfigurationError if the schema is older, too.
    """
    version = await _version(connection)
    missing = schema.missing(version)
    if missing and not migrate:
        latest = version + len(missing)
        raise ConfigurationError(
            f"The database has schema {version} of {latest}: `python main.py migrate` brings it up to date."
        )
    while missing:
        await _apply(connection, version + 1, missing[0])
        version = await _version(connection)
        missing = schema.missing(version)


async def _version(connection: Any) -> int:
    try:
        return await connection.fetchval("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
    except asyncpg.UndefinedTableError:
        return 0


async def _apply(connection: Any, number: int, script: str) -> None:
    """Apply one migration. Of several processes, the primary key of `schema_versions` lets only one apply it."""
    if number == 1:
        # IF NOT EXISTS can still fail when two processes create the same table at the same moment.
        with suppress(asyncpg.UniqueViolationError, asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError):
            await connection.execute("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY)")
    try:
        async with connection.transaction():
            await connection.execute("INSERT INTO schema_versions VALUES ($1)", number)
            await connection.execute(translated_schema(script), timeout=_MIGRATION_SECONDS)
    except (asyncpg.UniqueViolationError, asyncpg.TransactionRollbackError):
        return
    except asyncpg.DuplicateTableError as error:
        raise ConfigurationError("The database belongs to another program.") from error
