"""A connection: its settings, and the errors that callers get."""

import asyncio
import logging
import sqlite3

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.customers import NewCustomer
from infra.logs import describe_error
from infra.storage.sql.statements import one, rows
from infra.storage.sqlite.connections import log_old_sqlite
from tests.infra.storage.sqlite.conftest import fail_with, open_shop


async def test_every_connection_has_the_settings_that_prevent_loss_and_leaks(repository):
    def settings():
        values = []
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "trusted_schema"):
            values += yield from one(f"PRAGMA {name}")
        return values

    assert await repository.engine.write(settings) == ["wal", 2, 1, 1, 0]
    assert await repository.engine.read(settings) == ["wal", 2, 1, 1, 0]


async def test_readers_cannot_write(repository):
    with pytest.raises(StoreUnavailable) as caught:
        await repository.engine.look_up(rows, "DELETE FROM shop_state")
    assert "readonly" in str(caught.value.__cause__)


@pytest.mark.parametrize(("version", "n_notices"), [((3, 51, 2), 1), ((3, 51, 3), 0)], ids=["3.51.2", "3.51.3"])
async def test_an_sqlite_with_a_known_bug_is_logged_once_per_process(database, caplog, monkeypatch, version, n_notices):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    log_old_sqlite.cache_clear()

    for _ in range(2):
        async with open_shop(database):
            pass

    notices = [record for record in caplog.records if record.name == "infra.storage.sqlite.connections"]
    assert [record.levelno for record in notices] == [logging.INFO] * n_notices
    assert all("SQLite 3.51.2 has a rare bug" in record.message for record in notices)


async def test_faults_of_the_storage_and_of_the_code_are_different_errors(repository):
    def read_damaged_page():
        yield from rows("SELECT 1")
        raise sqlite3.DatabaseError("malformed")

    with pytest.raises(StoreUnavailable):
        await repository.engine.look_up(rows, "SELECT * FROM nowhere")
    with pytest.raises(StoreUnavailable):
        await repository.engine.read(read_damaged_page)
    with pytest.raises(sqlite3.IntegrityError):
        await repository.engine.write(rows, "INSERT INTO shop_state SELECT * FROM shop_state")


UNDECODABLE = "SELECT CAST(X'63616E617279E9' AS TEXT)"


async def test_stored_text_that_is_not_utf_8_is_a_storage_fault_and_is_not_logged(repository):
    with pytest.raises(StoreUnavailable) as caught:
        await repository.engine.read(rows, UNDECODABLE)

    assert "canary" in str(caught.value.__cause__)
    assert "canary" not in describe_error(caught.value)


async def test_a_write_that_reads_undecodable_text_does_not_fail_the_writes_beside_it(repository, now):
    outcomes = await asyncio.gather(
        repository.create_customer(NewCustomer(customer_id="c-1"), now=now),
        repository.engine.write(rows, UNDECODABLE),
        repository.create_customer(NewCustomer(customer_id="c-2"), now=now),
        repository.create_customer(NewCustomer(customer_id="c-3"), now=now),
        return_exceptions=True,
    )

    assert [type(outcome).__name__ for outcome in outcomes] == ["Customer", "StoreUnavailable", "Customer", "Customer"]


async def test_a_value_error_of_the_code_is_raised_unchanged(repository):
    with pytest.raises(ValueError, match="five"):
        await repository.engine.read(fail_with, ValueError("five"))


async def test_a_reader_that_meets_a_lock_raises_store_busy(repository):
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY

    with pytest.raises(StoreBusy):
        await repository.engine.read(fail_with, error)


async def test_a_begin_that_fails_for_another_reason_is_not_retried_as_busy(repository, now):
    await repository.engine.writer.inner.execute("BEGIN")

    with pytest.raises(StoreUnavailable):
        await repository.create_customer(NewCustomer(), now=now)
    await repository.engine.writer.inner.execute("ROLLBACK")


async def test_reads_after_the_storage_was_closed_fail(database):
    async with open_shop(database) as repository:
        pass

    with pytest.raises(StoreUnavailable, match="closed"):
        await repository.summary()


async def test_look_ups_after_the_storage_was_closed_fail(database):
    async with open_shop(database) as repository:
        pass

    with pytest.raises(StoreUnavailable, match="closed"):
        await repository.engine.look_up(one, "SELECT 1")
