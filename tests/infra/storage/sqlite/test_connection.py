"""A connection: how it is set up, and what it says of faults."""

import asyncio
import sqlite3

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.customers import NewCustomer
from infra.logs import describe_error
from infra.storage.sql.statements import one, rows
from tests.infra.storage.sqlite.conftest import failing_with, opened


async def test_every_connection_is_set_up_to_lose_and_leak_nothing(repository):
    def settings():
        found = []
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema"):
            found += yield from one(f"PRAGMA {name}")
        return found

    assert await repository.engine.write(settings) == ["wal", 2, 1, 1, 0]
    assert await repository.engine.read(settings) == ["wal", 2, 1, 1, 0]


async def test_readers_cannot_write(repository):
    with pytest.raises(StoreUnavailable) as caught:
        await repository.engine.look_up(rows, "DELETE FROM shop_state")
    assert "readonly" in str(caught.value.__cause__)


@pytest.mark.parametrize(("version", "warned"), [((3, 51, 2), True), ((3, 51, 3), False)])
async def test_an_sqlite_with_a_known_bug_is_warned_of(database, caplog, monkeypatch, version, warned):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    async with opened(database):
        pass

    assert any("older than" in record.message for record in caplog.records) == warned


async def test_a_fault_of_sqlite_is_told_from_a_fault_of_the_code(repository):
    def damaged():
        yield from rows("SELECT 1")
        raise sqlite3.DatabaseError("malformed")

    with pytest.raises(StoreUnavailable):
        await repository.engine.look_up(rows, "SELECT * FROM nowhere")
    with pytest.raises(StoreUnavailable):
        await repository.engine.read(damaged)
    with pytest.raises(sqlite3.IntegrityError):
        await repository.engine.write(rows, "INSERT INTO shop_state SELECT * FROM shop_state")


UNDECODABLE = "SELECT CAST(X'63616E617279E9' AS TEXT)"


async def test_a_text_in_the_file_that_is_not_utf_8_is_a_fault_of_the_storage_and_is_not_told(repository):
    with pytest.raises(StoreUnavailable) as caught:
        await repository.engine.read(rows, UNDECODABLE)

    assert "canary" in str(caught.value.__cause__)
    assert "canary" not in describe_error(caught.value)


async def test_a_write_that_meets_such_a_text_takes_no_other_with_it(repository, now):
    outcomes = await asyncio.gather(
        repository.create_customer(NewCustomer(customer_id="c-1"), now=now),
        repository.engine.write(rows, UNDECODABLE),
        repository.create_customer(NewCustomer(customer_id="c-2"), now=now),
        repository.create_customer(NewCustomer(customer_id="c-3"), now=now),
        return_exceptions=True,
    )

    assert [type(outcome).__name__ for outcome in outcomes] == ["Customer", "StoreUnavailable", "Customer", "Customer"]


async def test_a_value_error_of_the_code_stays_one(repository):
    with pytest.raises(ValueError, match="five"):
        await repository.engine.read(failing_with, ValueError("five"))


async def test_a_reader_that_meets_a_lock_is_a_busy_store(repository):
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY

    with pytest.raises(StoreBusy):
        await repository.engine.read(failing_with, error)


async def test_a_fault_of_begin_is_not_taken_for_a_busy_store(repository, now):
    await repository.engine._writer._inner.execute("BEGIN")

    with pytest.raises(StoreUnavailable):
        await repository.create_customer(NewCustomer(), now=now)
    await repository.engine._writer._inner.execute("ROLLBACK")


async def test_a_request_that_outlives_the_storage_finds_none(database):
    async with opened(database) as repository:
        pass

    with pytest.raises(StoreUnavailable, match="closed"):
        await repository.summary()


async def test_a_look_up_that_outlives_the_storage_finds_none(database):
    async with opened(database) as repository:
        pass

    with pytest.raises(StoreUnavailable, match="closed"):
        await repository.engine.look_up(one, "SELECT 1")
