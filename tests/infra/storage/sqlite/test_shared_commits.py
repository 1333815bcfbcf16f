"""Transactions that wait at the same time share a COMMIT, and have each their own outcome."""

import asyncio
import time
from functools import partial

from domain.errors import CustomerNotFound, StoreBusy, StoreUnavailable
from infra.storage.sql.statements import one, rows
from infra.storage.sqlite import connections
from infra.storage.sqlite.transactions import Write
from infra.storage.sqlite.write_lock import WriteLock
from tests.infra.storage.sqlite.conftest import opened, written


def large(number, **_):
    yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (:id, 0, 0)", id="c" * 99_999)
    return number


async def at_once(engine, failing=(), *, n=10, write=written):
    """Write at once; return the outcomes, how many transactions were begun, and which customers are there."""
    said = []
    await engine._writer.run(lambda connection: connection.set_trace_callback(said.append))
    writing = [engine.write(write, number, failing=dict(failing).get(number)) for number in range(n)]
    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    there = await engine.look_up(rows, "SELECT customer_id FROM customer_profiles")
    return outcomes, said.count("BEGIN IMMEDIATE"), {customer_id for (customer_id,) in there}


async def test_what_is_written_at_the_same_time_shares_a_commit(repository):
    outcomes, n_transactions, there = await at_once(repository.engine)

    assert outcomes == list(range(10))
    assert n_transactions == 1
    assert there == {f"c-{number}" for number in range(10)}


async def test_only_so_many_share_a_commit(repository, monkeypatch):
    monkeypatch.setattr(repository.engine._writes, "_most", 4)

    outcomes, n_transactions, there = await at_once(repository.engine)

    assert (outcomes, n_transactions, len(there)) == (list(range(10)), 3, 10)


async def test_one_that_fails_before_it_writes_leaves_the_others_their_commit(repository):
    outcomes, n_transactions, there = await at_once(repository.engine, {3: "before"})

    assert isinstance(outcomes.pop(3), CustomerNotFound)
    assert outcomes == [number for number in range(10) if number != 3]
    assert n_transactions == 1
    assert len(there) == 9


async def test_one_that_fails_after_it_wrote_is_undone_alone(repository):
    outcomes, n_transactions, there = await at_once(repository.engine, {3: "after"})

    assert isinstance(outcomes.pop(3), CustomerNotFound)
    assert outcomes == [number for number in range(10) if number != 3]
    assert n_transactions == 11
    assert there == {f"c-{number}" for number in range(10) if number != 3}


async def test_a_full_disk_is_told_to_all_that_share_a_commit_without_trying_each(repository):
    await repository.engine.write(one, "PRAGMA max_page_count = 1")  # SQLite takes the present size for it.

    outcomes, n_transactions, there = await at_once(repository.engine, write=large)

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 10
    assert (n_transactions, there) == (1, set())


async def test_all_who_wait_for_a_connection_that_is_gone_are_told(repository):
    await repository.engine._writer.close()

    outcomes = await asyncio.gather(
        *(repository.engine.write(written, number) for number in range(3)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3


async def test_all_that_wait_for_a_lock_that_does_not_come_are_told(repository, database, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    async with opened(database) as other:
        with other.engine._lock.held(until=0):
            outcomes, n_transactions, there = await at_once(repository.engine)

    assert [type(outcome) for outcome in outcomes] == [StoreBusy] * 10
    assert (n_transactions, there) == (0, set())


async def test_who_has_waited_long_enough_is_told_so_and_who_came_later_is_still_served(repository, database):
    engine, now, other = repository.engine, time.monotonic(), WriteLock(database)
    writes = [Write(partial(written, number), now + budget) for number, budget in enumerate((0.05, 30.0, 30.0))]

    with other.held(until=0):
        committing = asyncio.ensure_future(engine._writer.run(engine._transactions.commit, writes))
        await asyncio.sleep(0.2)
    other.close()

    busy, *done = await committing
    assert isinstance(busy, StoreBusy)
    assert done == [1, 2]
