"""Work that waits for a connection: cancelled callers, cancelled batches, closing, order."""

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from domain.errors import StoreUnavailable
from infra.storage.sql.statements import one, rows
from infra.storage.sqlite import connections
from tests.infra.storage.sqlite.conftest import fail_with, insert_customer, open_shop, wait_for


def cancel_batches(batcher):
    assert batcher.tasks
    for task in list(batcher.tasks):
        task.cancel()


async def test_a_write_is_done_although_its_batch_was_cancelled_before_it_got_the_connection(repository):
    engine = repository.engine
    async with engine.lend_writer():
        writing = asyncio.create_task(engine.write(insert_customer, 1))
        await asyncio.sleep(0.01)
        cancel_batches(engine.writes)
        await asyncio.sleep(0.01)

    assert await asyncio.wait_for(writing, 5) == 1
    assert await asyncio.wait_for(engine.write(insert_customer, 2), 5) == 2


async def test_the_caller_of_a_running_write_gets_an_error_when_the_batch_is_cancelled(repository):
    engine, may_end = repository.engine, threading.Event()
    writing = asyncio.create_task(engine.write(wait_for, may_end))
    await asyncio.sleep(0.01)
    cancel_batches(engine.writes)

    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(writing, 5)
    may_end.set()
    assert await asyncio.wait_for(engine.write(insert_customer, 2), 5) == 2


async def test_an_exit_in_the_thread_is_an_error_of_its_caller_and_the_thread_goes_on(repository):
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(repository.engine.write(fail_with, SystemExit(3)), 5)

    assert await repository.engine.write(insert_customer, 2) == 2


async def test_closing_finishes_waiting_writes_and_those_of_cancelled_callers(database):
    may_end = threading.Event()
    async with open_shop(database) as repository:
        engine = repository.engine
        writing = [asyncio.create_task(engine.write(wait_for, may_end))]
        await asyncio.sleep(0.01)
        writing += [asyncio.create_task(engine.write(insert_customer, number)) for number in range(3)]
        await asyncio.sleep(0.01)
        writing[1].cancel()
        asyncio.get_running_loop().call_later(0.05, may_end.set)

    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    assert type(outcomes.pop(1)) is asyncio.CancelledError
    assert outcomes == [None, 1, 2]
    async with open_shop(database) as repository:
        assert await repository.engine.look_up(one, "SELECT COUNT(*) FROM customer_profiles") == (3,)


@asynccontextmanager
async def all_readers_lent(engine):
    async with AsyncExitStack() as lent:
        for _ in range(connections.READERS):
            await lent.enter_async_context(engine.lend_reader())
        yield


async def test_look_ups_of_one_batch_have_separate_outcomes(repository, monkeypatch):
    engine = repository.engine
    monkeypatch.setattr(engine.look_ups, "max_batch_size", 3)
    async with all_readers_lent(engine):
        waiting = [
            asyncio.create_task(engine.look_up(*look_up))
            for look_up in (
                (one, "SELECT 1"), (rows, "SELECT * FROM nowhere"), (one, "SELECT 2"), (fail_with, ValueError("five")),
                (one, "SELECT 3"),
            )
        ]  # fmt: skip
        await asyncio.sleep(0)
        waiting[2].cancel()

    first, unknown_table, cancelled, failed, third = await asyncio.gather(*waiting, return_exceptions=True)

    assert (first, third) == ((1,), (3,))
    assert [type(outcome) for outcome in (unknown_table, cancelled, failed)] == [
        StoreUnavailable, asyncio.CancelledError, ValueError,
    ]  # fmt: skip


async def test_look_ups_that_wait_together_run_in_one_thread(repository):
    threads = set()

    def record_thread():
        yield from rows("SELECT 1")
        threads.add(threading.get_ident())

    async with all_readers_lent(repository.engine):
        waiting = [asyncio.create_task(repository.engine.look_up(record_thread)) for _ in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert len(threads) == 1


async def test_the_read_that_has_waited_longest_runs_next(repository):
    order = []

    async def read(number):
        await repository.engine.read(one, "SELECT 1")
        order.append(number)

    async with all_readers_lent(repository.engine):
        waiting = [asyncio.create_task(read(number)) for number in range(20)]
        await asyncio.sleep(0)
    # All readers are free again, but none of the waiting tasks has run yet.
    await read("late")
    await asyncio.gather(*waiting)

    assert "late" not in order[: 20 - connections.READERS]


async def test_a_look_up_sees_all_writes_acknowledged_before_it(repository):
    async def look_up_repeatedly():
        while True:
            await repository.engine.look_up(one, "SELECT COUNT(*) FROM customer_profiles")

    def count_of(number):
        return one("SELECT COUNT(*) FROM customer_profiles WHERE customer_id = :id", id=f"c-{number}")

    async def write_then_look_up(number):
        await repository.engine.write(insert_customer, number)
        return await repository.engine.look_up(count_of, number)

    background = [asyncio.create_task(look_up_repeatedly()) for _ in range(4)]
    counts = await asyncio.gather(*(write_then_look_up(number) for number in range(200)))
    for task in background:
        task.cancel()

    assert set(counts) == {(1,)}
