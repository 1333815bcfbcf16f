"""The schema: the documented tables, created once, and updated by whole migrations."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from domain.errors import ConfigurationError
from infra.storage.sql import schema
from tests.infra.storage.sqlite.conftest import open_shop

TABLES = {
    "customer_profiles", "customer_addresses", "browsing_history", "purchase_history", "customer_segments",
    "product_catalog", "customer_recommendations",
}  # fmt: skip


def version_of(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


async def test_the_documented_tables_exist_and_are_strict(repository, database):
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[1]: row[5] for row in connection.execute("PRAGMA table_list") if not row[1].startswith("sqlite_")}

    assert set(tables) >= TABLES
    assert set(tables.values()) == {1}


async def test_processes_that_start_at_the_same_time_create_one_schema(database):
    async def start():
        async with open_shop(database) as repository:
            return await repository.summary()

    summaries = await asyncio.gather(*(start() for _ in range(8)))

    assert [summary.n_products for summary in summaries] == [0] * 8
    assert version_of(database) == len(schema.migrations())


async def test_a_failed_migration_leaves_the_schema_unchanged(database, monkeypatch):
    migrations = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*migrations, "CREATE TABLE extra (a); CREATE TABLE broken ("])
    with pytest.raises(ConfigurationError):
        async with open_shop(database):
            pass
    monkeypatch.undo()

    async with open_shop(database) as repository:
        assert (await repository.summary()).n_products == 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'extra'").fetchall() == []


async def test_an_older_schema_is_migrated(database, monkeypatch):
    async with open_shop(database):
        pass
    migrations = schema.migrations()
    monkeypatch.setattr(schema, "migrations", lambda: [*migrations, "CREATE TABLE extra (a INTEGER) STRICT;"])

    async with open_shop(database):
        pass

    assert version_of(database) == len(migrations) + 1
