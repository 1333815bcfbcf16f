"""What waits for a connection together: whoever leaves, is cancelled or comes late."""

import asyncio
import threading
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from domain.errors import StoreUnavailable
from infra.storage.sql.statements import one, rows
from infra.storage.sqlite import connections
from tests.infra.storage.sqlite.conftest import failing_with, opened, written


def slow(may_go):
    yield from rows("SELECT 1")
    may_go.wait(5)


def cancel_all_under_way(gathering):
    assert gathering._under_way
    for doing in list(gathering._under_way):
        doing.cancel()


async def test_a_write_is_made_though_the_task_that_waits_for_its_turn_is_cancelled(repository):
    engine = repository.engine
    async with engine._turn():
        writing = asyncio.create_task(engine.write(written, 1))
        await asyncio.sleep(0.01)
        cancel_all_under_way(engine._writes)
        await asyncio.sleep(0.01)

    assert await asyncio.wait_for(writing, 5) == 1
    assert await asyncio.wait_for(engine.write(written, 2), 5) == 2


async def test_who_waits_for_a_write_under_way_is_told_when_its_task_is_cancelled(repository):
    engine, may_go = repository.engine, threading.Event()
    writing = asyncio.create_task(engine.write(slow, may_go))
    await asyncio.sleep(0.01)
    cancel_all_under_way(engine._writes)

    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(writing, 5)
    may_go.set()
    assert await asyncio.wait_for(engine.write(written, 2), 5) == 2


async def test_an_exit_in_the_thread_is_told_to_who_waits_and_ends_nothing(repository):
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(repository.engine.write(failing_with, SystemExit(3)), 5)

    assert await repository.engine.write(written, 2) == 2


async def test_closing_finishes_the_writes_that_wait_and_those_whose_callers_left(database):
    may_go = threading.Event()
    async with opened(database) as repository:
        engine = repository.engine
        writing = [asyncio.create_task(engine.write(slow, may_go))]
        await asyncio.sleep(0.01)
        writing += [asyncio.create_task(engine.write(written, number)) for number in range(3)]
        await asyncio.sleep(0.01)
        writing[1].cancel()
        asyncio.get_running_loop().call_later(0.05, may_go.set)

    outcomes = await asyncio.gather(*writing, return_exceptions=True)
    assert type(outcomes.pop(1)) is asyncio.CancelledError
    assert outcomes == [None, 1, 2]
    async with opened(database) as repository:
        assert await repository.engine.look_up(one, "SELECT COUNT(*) FROM customer_profiles") == (3,)


@asynccontextmanager
async def all_readers_taken(engine):
    async with AsyncExitStack() as taken:
        for _ in range(connections.READERS):
            await taken.enter_async_context(engine._reader())
        yield


async def test_look_ups_that_wait_together_have_each_their_own_outcome(repository, monkeypatch):
    engine = repository.engine
    monkeypatch.setattr(engine._look_ups, "_most", 3)
    async with all_readers_taken(engine):
        waiting = [
            asyncio.create_task(engine.look_up(*what))
            for what in (
                (one, "SELECT 1"), (rows, "SELECT * FROM nowhere"), (one, "SELECT 2"), (failing_with, ValueError("five")),
                (one, "SELECT 3"),
            )
        ]  # fmt: skip
        await asyncio.sleep(0)
        waiting[2].cancel()

    first, unknown, gone, wrong, third = await asyncio.gather(*waiting, return_exceptions=True)

    assert (first, third) == ((1,), (3,))
    assert (type(unknown), type(gone), type(wrong)) == (StoreUnavailable, asyncio.CancelledError, ValueError)


async def test_look_ups_that_wait_together_go_to_one_thread(repository):
    threads = set()

    def noting():
        yield from rows("SELECT 1")
        threads.add(threading.get_ident())

    async with all_readers_taken(repository.engine):
        waiting = [asyncio.create_task(repository.engine.look_up(noting)) for _ in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)

    assert len(threads) == 1


async def test_who_has_waited_longest_reads_next(repository):
    happened = []

    async def reading(number):
        await repository.engine.read(one, "SELECT 1")
        happened.append(number)

    async with all_readers_taken(repository.engine):
        waiting = [asyncio.create_task(reading(number)) for number in range(20)]
        await asyncio.sleep(0)
    # It comes before any of them has run, while all readers are free.
    await reading("late")
    await asyncio.gather(*waiting)

    assert "late" not in happened[: 20 - connections.READERS]


async def test_a_look_up_sees_what_was_acknowledged_before_it(repository):
    async def look_all_the_time():
        while True:
            await repository.engine.look_up(one, "SELECT COUNT(*) FROM customer_profiles")

    def count_of(number):
        return one("SELECT COUNT(*) FROM customer_profiles WHERE customer_id = :id", id=f"c-{number}")

    async def acknowledged(number):
        await repository.engine.write(written, number)
        return await repository.engine.look_up(count_of, number)

    looking = [asyncio.create_task(look_all_the_time()) for _ in range(4)]
    found = await asyncio.gather(*(acknowledged(number) for number in range(200)))
    for task in looking:
        task.cancel()

    assert set(found) == {(1,)}
