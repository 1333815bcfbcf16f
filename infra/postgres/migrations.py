"""The schema in a PostgreSQL database; the table `schema_versions` has a row for each step that was made."""

from contextlib import suppress
from typing import Any

import asyncpg

from domain.errors import Unusable
from infra.postgres.dialect import translated_schema
from infra.sql import schema

_STEP_SECONDS = 3600.0


async def check_or_migrate(connection: Any, *, migrate: bool) -> None:
    """Bring the schema up to date, every step in a transaction of its own; raise Unusable for a newer one.

    Without `migrate` an older schema is Unusable as well.
    """
    steps = schema.steps()
    version = await _version(connection)
    if version > len(steps):
        raise Unusable(f"The database has schema {version}, newer than the {len(steps)} that this version knows.")
    if version < len(steps) and not migrate:
        raise Unusable(f"The database has schema {version} of {len(steps)}: `python main.py migrate` brings it up to date.")
    while (version := await _version(connection)) < len(steps):
        await _make(connection, version + 1, steps[version])


async def _version(connection: Any) -> int:
    try:
        return await connection.fetchval("SELECT COALESCE(MAX(version), 0) FROM schema_versions")
    except asyncpg.UndefinedTableError:
        return 0


async def _make(connection: Any, number: int, script: str) -> None:
    """Make one step, unless another process is first: the key of its row keeps them apart."""
    if number == 1:
        # IF NOT EXISTS does not help against another that does the same at the same moment.
        with suppress(asyncpg.UniqueViolationError, asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError):
            await connection.execute("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY)")
    try:
        async with connection.transaction():
            await connection.execute("INSERT INTO schema_versions VALUES ($1)", number)
            await connection.execute(translated_schema(script), timeout=_STEP_SECONDS)
    except (asyncpg.UniqueViolationError, asyncpg.TransactionRollbackError):
        return
    except asyncpg.DuplicateTableError as error:
        raise Unusable("The database belongs to another program.") from error
