"""The schema in PostgreSQL: the same tables as in SQLite, created once, and updated by whole migrations."""

import asyncio

import asyncpg
import pytest

from domain.errors import ConfigurationError
from infra.storage.sql import schema
from infra.storage.sql.tables import COPIED_TABLES
from tests import postgres
from tests.infra.storage.postgres.conftest import open_shop


async def test_the_tables_have_the_same_columns_as_in_sqlite(repository, postgres_url):
    found = await postgres.fetched_from(
        postgres_url, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    columns = {table: {row["column_name"] for row in found if row["table_name"] == table} for table, _ in found}

    assert {table.name: set(table.columns) for table in COPIED_TABLES}.items() <= columns.items()
    assert columns.keys() - {table.name for table in COPIED_TABLES} == {
        "customer_recommendations", "customer_histories", "shop_state", "schema_versions", "dashboard_sessions",
    }  # fmt: skip


async def test_processes_that_start_at_the_same_time_create_one_schema(postgres_url):
    async def start():
        async with open_shop(postgres_url) as repository:
            return await repository.summary()

    assert len(await asyncio.gather(*(start() for _ in range(8)))) == 8
    versions = await postgres.fetched_from(postgres_url, "SELECT version FROM schema_versions ORDER BY version")
    assert [version for (version,) in versions] == list(range(1, len(schema.migrations()) + 1))


async def test_a_newer_schema_is_refused(postgres_url):
    async with open_shop(postgres_url):
        pass
    await postgres.run_on(postgres_url, "INSERT INTO schema_versions VALUES (99)")

    with pytest.raises(ConfigurationError, match="schema 99, newer"):
        async with open_shop(postgres_url):
            pass


async def test_an_older_schema_is_migrated_only_if_that_is_allowed(postgres_url, monkeypatch):
    with pytest.raises(ConfigurationError, match="python main"):
        async with open_shop(postgres_url, migrate=False):
            pass
    async with open_shop(postgres_url):
        pass
    migrations = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*migrations, "CREATE TABLE extra (a INTEGER) STRICT;"])
    with pytest.raises(ConfigurationError, match=f"schema {len(migrations)} of {len(migrations) + 1}: `python main"):
        async with open_shop(postgres_url, migrate=False):
            pass
    async with open_shop(postgres_url):
        pass

    assert await postgres.fetched_from(postgres_url, "SELECT * FROM extra") == []


async def test_the_database_of_another_program_is_left_unchanged(postgres_url):
    await postgres.run_on(postgres_url, "CREATE TABLE product_catalog (mine INTEGER)")

    with pytest.raises(ConfigurationError, match="another program"):
        async with open_shop(postgres_url):
            pass
    assert await postgres.fetched_from(postgres_url, "SELECT * FROM product_catalog") == []


async def test_a_failed_migration_leaves_the_schema_unchanged(postgres_url, monkeypatch):
    migrations = schema.migrations()
    failing = "CREATE TABLE extra (a INTEGER); CREATE TABLE shop_state (a INTEGER);"
    monkeypatch.setattr(schema, "migrations", lambda: [*migrations, failing])
    with pytest.raises(ConfigurationError, match="another program"):
        async with open_shop(postgres_url):
            pass
    monkeypatch.undo()

    async with open_shop(postgres_url) as repository:
        assert (await repository.summary()).n_products == 0
    with pytest.raises(asyncpg.UndefinedTableError):
        await postgres.fetched_from(postgres_url, "SELECT * FROM extra")
