"""Transactions that wait at the same time share a COMMIT, and each has its own outcome."""

import asyncio
import time
from functools import partial

import pytest

from domain.errors import CustomerNotFound, StoreBusy, StoreUnavailable
from infra.storage.sql.statements import one, rows
from infra.storage.sqlite import connections
from infra.storage.sqlite.transactions import Transactions, Write
from infra.storage.sqlite.write_lock import WriteLock
from tests.infra.storage.sqlite.conftest import insert_customer


@pytest.fixture
def other_process(database):
    """Return the lock of another process."""
    lock = WriteLock(database)
    yield lock
    lock.close()


def insert_large_row(number, **_):
    yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (:id, 0, 0)", id="c" * 99_999)
    return number


async def write_together(engine, failing=(), *, n=10, write=insert_customer):
    """Run `n` writes at the same time; return their outcomes, the number of transactions, and the stored customers."""
    statements = []
    await engine.writer.run(lambda connection: connection.set_trace_callback(statements.append))
    writing = [engine.write(write, number, failing=dict(failing).get(number)) for number in range(n)]
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    stored = await engine.look_up(rows, "SELECT customer_id FROM customer_profiles")
    return outcomes, statements.count("BEGIN IMMEDIATE"), {customer_id for (customer_id,) in stored}


async def test_writes_at_the_same_time_share_a_commit(repository):
    outcomes, n_transactions, stored = await write_together(repository.engine)

    assert outcomes == list(range(10))
    assert n_transactions == 1
    assert stored == {f"c-{number}" for number in range(10)}


async def test_a_commit_is_shared_by_a_limited_number_of_writes(repository, monkeypatch):
    monkeypatch.setattr(repository.engine.writes, "max_batch_size", 4)

    outcomes, n_transactions, stored = await write_together(repository.engine)

    assert (outcomes, n_transactions, len(stored)) == (list(range(10)), 3, 10)


async def test_a_write_that_fails_before_it_changes_rows_leaves_the_shared_commit_intact(repository):
    outcomes, n_transactions, stored = await write_together(repository.engine, {3: "before"})

    assert isinstance(outcomes.pop(3), CustomerNotFound)
    assert outcomes == [number for number in range(10) if number != 3]
    assert n_transactions == 1
    assert len(stored) == 9


async def test_a_write_that_fails_after_it_changed_rows_is_undone_alone(repository):
    outcomes, n_transactions, stored = await write_together(repository.engine, {3: "after"})

    assert isinstance(outcomes.pop(3), CustomerNotFound)
    assert outcomes == [number for number in range(10) if number != 3]
    assert n_transactions == 11
    assert stored == {f"c-{number}" for number in range(10) if number != 3}


async def test_a_full_disk_fails_all_writes_of_a_commit_without_trying_each(repository):
    await repository.engine.write(one, "PRAGMA max_page_count = 1")  # SQLite raises this to the present size.

    outcomes, n_transactions, stored = await write_together(repository.engine, write=insert_large_row)

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 10
    assert (n_transactions, stored) == (1, set())


async def test_all_writes_that_wait_for_a_closed_connection_fail(repository):
    await repository.engine.writer.close()

    outcomes = await asyncio.gather(
        *(repository.engine.write(insert_customer, number) for number in range(3)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3


async def test_all_writes_whose_deadline_passes_while_another_process_writes_fail(repository, other_process, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    with other_process.held(deadline=0):
        outcomes, n_transactions, stored = await write_together(repository.engine)

    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 10
    assert (n_transactions, stored) == (0, set())


async def test_only_the_writes_whose_deadline_passed_fail(repository, database, other_process):
    lock, now = WriteLock(database), time.monotonic()
    writes = [Write(partial(insert_customer, number), now + seconds) for number, seconds in enumerate((0.05, 30.0, 30.0))]

    with other_process.held(deadline=0):
        committing = asyncio.ensure_future(
            repository.engine.writer.run(Transactions(lock, repository.engine.file).commit, writes)
        )
        await asyncio.sleep(0.2)

    busy, *results = await committing
    lock.close()
    assert isinstance(busy, StoreBusy)
    assert results == [1, 2]
