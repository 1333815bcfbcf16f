"""The schema: the documented tables, made once, and brought up to date by whole steps."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from domain.errors import ConfigurationError
from infra.storage.sql import schema
from tests.infra.storage.sqlite.conftest import opened

TABLES = {
    "customer_profiles", "customer_addresses", "browsing_history", "purchase_history", "customer_segments",
    "product_catalog", "customer_recommendations",
}  # fmt: skip


def version_of(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


async def test_the_documented_tables_are_there_and_strict(repository, database):
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[1]: row[5] for row in connection.execute("PRAGMA table_list") if not row[1].startswith("sqlite_")}

    assert set(tables) >= TABLES
    assert set(tables.values()) == {1}


async def test_several_that_start_at_once_find_one_schema(database):
    async def start():
        async with opened(database) as repository:
            return await repository.summary()

    found = await asyncio.gather(*(start() for _ in range(8)))

    assert [summary.n_products for summary in found] == [0] * 8
    assert version_of(database) == len(schema.steps())


async def test_a_step_that_fails_leaves_the_schema_as_it_was(database, monkeypatch):
    steps = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: [*steps, "CREATE TABLE extra (a); CREATE TABLE broken ("])
    with pytest.raises(ConfigurationError):
        async with opened(database):
            pass
    monkeypatch.undo()

    async with opened(database) as repository:
        assert (await repository.summary()).n_products == 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'extra'").fetchall() == []


async def test_an_older_schema_is_brought_up_to_date(database, monkeypatch):
    async with opened(database):
        pass
    steps = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: [*steps, "CREATE TABLE extra (a INTEGER) STRICT;"])

    async with opened(database):
        pass

    assert version_of(database) == len(steps) + 1
