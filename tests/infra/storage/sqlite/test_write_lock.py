"""The lock that lets one process write at a time."""

import fcntl
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from domain.errors import StoreBusy
from domain.records.customers import NewCustomer
from infra.storage.sqlite import connections
from infra.storage.sqlite.write_lock import WriteLock


@pytest.fixture
def other_process(database):
    """Return the lock of another process."""
    lock = WriteLock(database)
    yield lock
    lock.close()


async def test_a_writer_that_waits_for_sqlites_lock_gives_up_in_time(repository, database, now, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        other.execute("ROLLBACK")

    assert (await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)).customer_id == "c-1"


async def test_a_writer_that_waits_for_another_process_gives_up_in_time(repository, other_process, now, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    with other_process.held(deadline=0), pytest.raises(StoreBusy):
        await repository.create_customer(NewCustomer(), now=now)

    await repository.create_customer(NewCustomer(), now=now)


async def test_readers_do_not_wait_for_a_writer(repository, database):
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await repository.summary()).n_products == 0
        other.execute("ROLLBACK")


def test_a_process_that_waits_for_the_lock_gets_it_before_the_one_that_released_it(database, other_process):
    lock, has_lock, may_end = WriteLock(database), threading.Event(), threading.Event()

    def wait():
        with other_process.held(deadline=time.monotonic() + 5):
            has_lock.set()
            may_end.wait(5)

    with lock.held(deadline=0), database.with_name("shop.db.turn").open() as turn:
        waiting = threading.Thread(target=wait)
        waiting.start()
        # Until the other process holds the turn, this one can take it.
        while waiting.is_alive():
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                break
            fcntl.flock(turn, fcntl.LOCK_UN)
    with pytest.raises(StoreBusy), lock.held(deadline=0):
        pass
    assert has_lock.wait(5)
    may_end.set()
    waiting.join()
    lock.close()
