"""Writes that follow the answer."""

import asyncio

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from infra.storage.sql import write_behind
from infra.storage.sql.statements import rows
from infra.storage.sql.write_behind import WriteBehind

SOON, NEVER = 0.01, 3600.0


def write(value):
    yield from rows("INSERT", value=value)


class Engine:
    """Note the values of each transaction; refuse as many as told."""

    def __init__(self, *, refusals=()):
        self.transactions = []
        self.refusals = list(refusals)
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_writing = asyncio.Event()

    async def put(self, transaction, *arguments):
        self.is_writing.set()
        await self.may_write.wait()
        if self.refusals:
            raise self.refusals.pop()
        self.transactions.append([statement.parameters["value"] for statement in transaction(*arguments)])

    async def written(self, n=1):
        """Wait for `n` transactions."""
        for _ in range(500):
            if len(self.transactions) == n:
                return self.transactions
            await asyncio.sleep(0.01)
        raise AssertionError


async def test_without_a_delay_a_write_is_made_before_put_returns():
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=0.0)

    await behind.put("a", write, 1)
    await behind.put("a", write, 2)

    assert engine.transactions == [[1], [2]]
    assert behind.pending("a") is None


async def test_without_a_delay_put_does_not_wait_for_a_write_that_takes_long(monkeypatch):
    monkeypatch.setattr(write_behind, "MAX_WAIT_SECONDS", SOON)
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=0.0)
    engine.may_write.clear()

    await behind.put("a", write, 1)
    assert engine.transactions == []
    engine.may_write.set()

    assert await engine.written() == [[1]]


async def during_a_write():
    """Return an engine that does not finish the write of `a`, and what put it there."""
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=SOON)
    engine.may_write.clear()
    await behind.put("a", write, 1)
    await engine.is_writing.wait()
    return engine, behind


async def test_a_write_is_pending_until_it_is_made():
    engine, behind = await during_a_write()
    assert behind.pending("a") == (1,)

    engine.may_write.set()
    await engine.written()
    await behind.close()

    assert behind.pending("a") is None


async def test_writes_are_collected_and_made_together_and_a_later_one_replaces_one_with_its_key():
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=SOON)

    for key, value in [("a", 1), ("b", 2), ("a", 3)]:
        await behind.put(key, write, value)

    assert behind.pending("a") == (3,)
    assert behind.pending("c") is None
    assert engine.transactions == []
    assert await engine.written() == [[2, 3]]
    assert behind.pending("a") is None
    await behind.close()


async def test_writes_that_arrive_during_a_write_follow_it():
    engine, behind = await during_a_write()

    await behind.put("a", write, 2)
    assert behind.pending("a") == (2,)
    engine.may_write.set()

    assert await engine.written(n=2) == [[1], [2]]
    await behind.close()


async def test_a_write_after_a_pause_is_made_too():
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=SOON)
    await behind.put("a", write, 1)
    await engine.written()
    await asyncio.sleep(5 * SOON)

    await behind.put("a", write, 2)
    await behind.close()

    assert engine.transactions == [[1], [2]]


async def test_closing_makes_the_collected_writes():
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=NEVER)
    await behind.put("a", write, 1)

    await behind.close()
    await behind.put("b", write, 2)

    assert engine.transactions == [[1], [2]]


async def test_closing_without_writes_writes_nothing():
    engine = Engine()

    await WriteBehind(engine, delay_seconds=NEVER).close()

    assert engine.transactions == []


async def test_closing_during_a_write_waits_for_it():
    engine, behind = await during_a_write()

    closing = asyncio.create_task(behind.close())
    await asyncio.sleep(SOON)
    engine.may_write.set()
    await closing

    assert engine.transactions == [[1]]


@pytest.mark.parametrize("error", [StoreBusy("locked"), StoreUnavailable("full")], ids=["busy", "unavailable"])
@pytest.mark.parametrize("delay_seconds", [0.0, NEVER])
async def test_a_storage_that_refuses_a_write_is_logged_and_is_no_error(caplog, error, delay_seconds):
    engine = Engine(refusals=[error])
    behind = WriteBehind(engine, delay_seconds=delay_seconds)

    await behind.put("a", write, 1)
    await behind.close()
    await behind.put("b", write, 2)

    assert engine.transactions == [[2]]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"Lists or the last use of keys were not stored; lists are computed again: {error}"
    ]


async def test_at_most_a_thousand_writes_wait_and_the_oldest_is_dropped(monkeypatch):
    monkeypatch.setattr(write_behind, "MAX_PENDING", 3)
    engine = Engine()
    behind = WriteBehind(engine, delay_seconds=NEVER)

    for key in [1, 2, 3, 1, 4]:
        await behind.put(key, write, key)
    await behind.close()

    assert engine.transactions == [[3, 1, 4]]
