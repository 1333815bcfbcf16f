"""A connection whose thread is dead is made anew."""

import asyncio
import threading

import aiosqlite
import pytest

from domain.errors import StoreUnavailable
from domain.records.customers import NewCustomer
from infra.storage.sql.statements import one


@pytest.fixture
def end_thread():
    """End a connection's thread as a fault of the interpreter would, without the connection's knowledge."""
    dead = []

    async def end(connection):
        connection._tx.put_nowait((None, lambda: (connection._connection.close(), aiosqlite.core._STOP_RUNNING_SENTINEL)[1]))
        await asyncio.to_thread(connection._thread.join)
        dead.append(connection)

    yield end
    for connection in dead:
        connection._connection = None  # Else aiosqlite warns that nobody closed it.


async def test_a_writer_whose_thread_is_dead_is_replaced(repository, end_thread, now):
    dead = repository.engine._writer._inner
    await end_thread(dead)

    await asyncio.gather(*(repository.create_customer(NewCustomer(customer_id=f"c-{n}"), now=now) for n in range(3)))

    assert repository.engine._writer._inner is not dead
    assert (await repository.profile("c-2")).customer.customer_id == "c-2"
    assert await repository.engine.write(one, "PRAGMA synchronous") == (2,)


async def test_a_writer_whose_thread_died_before_the_files_were_scrubbed_is_replaced(repository, end_thread):
    dead = repository.engine._writer._inner
    await end_thread(dead)

    await repository.engine.scrub()

    assert repository.engine._writer._inner is not dead


async def test_readers_whose_threads_are_dead_are_replaced(repository, end_thread):
    for reader in repository.engine._readers:
        await end_thread(reader._inner)

    assert [(await repository.summary()).n_products for _ in range(4)] == [0] * 4
    assert await repository.engine.look_up(one, "SELECT 1") == (1,)


async def test_a_connection_that_is_closed_while_it_is_made_anew_stays_closed(repository, end_thread):
    writer, may_go = repository.engine._writer, threading.Event()
    await end_thread(writer._inner)
    writer._prepare = lambda _: may_go.wait(5)
    running = asyncio.create_task(writer.run(lambda _: None))
    await asyncio.sleep(0.02)
    await writer.close()
    may_go.set()

    with pytest.raises(StoreUnavailable, match="closed"):
        await running
    await asyncio.to_thread(writer._inner._thread.join, 5)
    assert not writer._inner._thread.is_alive()


async def test_aiosqlite_still_runs_a_function_in_its_thread():
    async with aiosqlite.connect(":memory:") as connection:
        result = await connection._execute(lambda a, b: (a, b, threading.get_ident()), 1, 2)

        assert result == (1, 2, connection._thread.ident)
