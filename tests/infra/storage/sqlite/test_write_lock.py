"""The lock that keeps the writers of all processes apart."""

import fcntl
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from domain.errors import StoreBusy
from domain.records.customers import NewCustomer
from infra.storage.sqlite import connections
from infra.storage.sqlite.write_lock import WriteLock, _locks
from tests.infra.storage.sqlite.conftest import opened


async def test_a_lock_that_another_holds_makes_writers_give_up_in_time(repository, database, now, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        other.execute("ROLLBACK")

    assert (await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)).customer_id == "c-1"


async def test_a_writer_of_another_process_is_waited_for(repository, database, now, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    async with opened(database) as other:
        with other.engine._lock.held(until=0), pytest.raises(StoreBusy):
            await repository.create_customer(NewCustomer(), now=now)
        await repository.create_customer(NewCustomer(), now=now)


async def test_readers_do_not_wait_for_a_writer(repository, database):
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await repository.summary()).n_products == 0
        other.execute("ROLLBACK")


async def test_who_waits_for_the_lock_has_it_before_the_one_that_gave_it_back(database):
    mine, other = WriteLock(database), WriteLock(database)
    has_it, may_go = threading.Event(), threading.Event()

    def wait():
        with other.held(until=time.monotonic() + 5):
            has_it.set()
            may_go.wait(5)

    with mine.held(until=0):
        waiting = threading.Thread(target=wait)
        waiting.start()
        while waiting.is_alive() and _locks(mine._turn):
            fcntl.flock(mine._turn, fcntl.LOCK_UN)
    with pytest.raises(StoreBusy), mine.held(until=0):
        pass
    assert has_it.wait(5)
    may_go.set()
    waiting.join()
    mine.close()
    other.close()
