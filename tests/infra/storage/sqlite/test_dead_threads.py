"""A connection reconnects if its thread died."""

import asyncio
import threading
import time

import aiosqlite
import pytest

from domain.errors import StoreUnavailable
from domain.records.customers import NewCustomer
from infra.storage.sql.statements import one
from infra.storage.sqlite.connection import Connection


def wait_until_dead(connection):
    ends_at = time.monotonic() + 5
    while connection.is_alive:
        assert time.monotonic() < ends_at
        time.sleep(0.001)


@pytest.fixture
def end_thread():
    """End the thread of a connection that is still open, as a fault of the interpreter would."""
    dead = []

    async def end(connection):
        inner = connection.inner
        # `inner.stop()` would also mark the connection as closed. So the thread gets the message that ends it directly.
        inner._tx.put_nowait((None, lambda: (inner._connection.close(), aiosqlite.core._STOP_RUNNING_SENTINEL)[1]))
        await asyncio.to_thread(wait_until_dead, connection)
        dead.append(inner)

    yield end
    for inner in dead:
        inner._connection = None  # Otherwise, aiosqlite warns that it was not closed.


async def test_a_writer_whose_thread_died_reconnects(repository, end_thread, now):
    dead = repository.engine.writer.inner
    await end_thread(repository.engine.writer)

    await asyncio.gather(*(repository.create_customer(NewCustomer(customer_id=f"c-{n}"), now=now) for n in range(3)))

    assert repository.engine.writer.inner is not dead
    assert (await repository.profile("c-2")).customer.customer_id == "c-2"
    assert await repository.engine.write(one, "PRAGMA synchronous") == (2,)


async def test_a_writer_whose_thread_died_reconnects_to_scrub_the_files(repository, end_thread):
    dead = repository.engine.writer.inner
    await end_thread(repository.engine.writer)

    await repository.engine.scrub()

    assert repository.engine.writer.inner is not dead


async def test_readers_whose_threads_died_reconnect(repository, end_thread):
    for reader in repository.engine.readers:
        await end_thread(reader)

    assert [(await repository.summary()).n_products for _ in range(4)] == [0] * 4
    assert await repository.engine.look_up(one, "SELECT 1") == (1,)


async def test_a_connection_that_is_closed_while_it_reconnects_stays_closed(database, end_thread):
    may_connect = threading.Event()
    may_connect.set()
    connection = Connection(database, "rwc", prepare=lambda _: may_connect.wait(5))
    await connection.open()
    await end_thread(connection)
    may_connect.clear()
    running = asyncio.create_task(connection.run(lambda _: None))
    await asyncio.sleep(0.02)
    await connection.close()
    may_connect.set()

    with pytest.raises(StoreUnavailable, match="closed"):
        await running
    await asyncio.to_thread(wait_until_dead, connection)


async def test_functions_run_with_their_arguments_in_the_thread_of_the_connection(database):
    connection = Connection(database, "rwc")
    await connection.open()

    results = [await connection.run(lambda _, a, b: (a, b, threading.get_ident()), 1, n) for n in (2, 3)]

    thread = results[0][2]
    assert results == [(1, 2, thread), (1, 3, thread)]
    assert thread != threading.get_ident()
    await connection.close()
