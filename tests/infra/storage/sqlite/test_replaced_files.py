"""Nothing is acknowledged into a database file that was deleted or replaced."""

import asyncio
import logging
import shutil
import sqlite3
from contextlib import closing
from itertools import count, takewhile

import pytest

from domain.errors import StoreUnavailable
from domain.records.customers import NewCustomer
from infra.progress import NoProgress
from infra.storage.sql import registration
from infra.storage.sqlite import connections
from infra.storage.sqlite.backup import back_up
from tests.infra.storage.sqlite.conftest import open_shop


def delete(database, copy):
    database.unlink()


def replace_by_backup(database, copy):
    copy.rename(database)


def restore_a_copy(database, copy):
    database.unlink()
    shutil.copyfile(copy, database)


def delete_log(database, copy):
    database.with_name("shop.db-wal").unlink()


def errors_in(caplog):
    return [record.levelno for record in caplog.records if "deleted or replaced" in record.message]


CHANGES = [delete, replace_by_backup, restore_a_copy, delete_log]


@pytest.mark.parametrize("change", CHANGES)
async def test_no_write_is_acknowledged_after_the_file_was_replaced_under_load(repository, database, now, change, caplog):
    await repository.create_customer(NewCustomer(customer_id="c-0"), now=now)
    copy = database.with_name("copy.db")
    back_up(database, copy, progress=NoProgress())
    is_changed = False
    acknowledged_later = []

    async def register(sender):
        # Until the change, however late the machine comes to it.
        for number in takewhile(lambda _: len(acknowledged_later) < 200, count()):
            try:
                began_later = is_changed
                await repository.create_customer(NewCustomer(customer_id=f"c-{sender}-{number}"), now=now)
            except StoreUnavailable:
                return True
            if began_later:
                acknowledged_later.append(number)
        return False

    senders = [asyncio.create_task(register(sender)) for sender in range(4)]
    await asyncio.sleep(0.05)
    change(database, copy)
    is_changed = True

    assert await asyncio.gather(*senders) == [True] * 4
    assert acknowledged_later == []
    with pytest.raises(StoreUnavailable, match="deleted or replaced"):
        await repository.summary()
    with pytest.raises(StoreUnavailable):
        await repository.erase("c-0")
    assert errors_in(caplog) == [logging.ERROR]


@pytest.mark.parametrize("change", CHANGES)
async def test_an_idle_shop_says_within_a_second_that_its_file_was_replaced(repository, database, change, caplog):
    copy = database.with_name("copy.db")
    back_up(database, copy, progress=NoProgress())
    change(database, copy)

    await asyncio.sleep(1)

    assert errors_in(caplog) == [logging.ERROR]
    with pytest.raises(StoreUnavailable, match="deleted or replaced"):
        await repository.check_readable()
    assert errors_in(caplog) == [logging.ERROR]


async def test_a_shop_with_its_file_in_place_says_nothing(repository, caplog, monkeypatch):
    monkeypatch.setattr(connections, "WATCH_SECONDS", 0.001)
    await asyncio.sleep(0.1)

    assert errors_in(caplog) == []


async def test_a_file_that_is_replaced_during_a_commit_is_noticed_before_the_answer(repository, database, now):
    def create_and_lose_the_file():
        yield from registration.create(NewCustomer(customer_id="c-1"), now=now)
        database.rename(database.with_name("moved.db"))

    with pytest.raises(StoreUnavailable, match="deleted or replaced"):
        await repository.engine.write(create_and_lose_the_file)


async def test_a_file_that_comes_back_is_used_again(repository, database, now):
    moved = database.with_name("moved.db")
    database.rename(moved)
    with pytest.raises(StoreUnavailable):
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    moved.rename(database)

    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)


async def test_a_replaced_file_is_not_damaged_by_the_old_process(database, now):
    async with open_shop(database) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        copy = database.with_name("copy.db")
        back_up(database, copy, progress=NoProgress())
        database.unlink()
        copy.rename(database)
        with pytest.raises(StoreUnavailable):
            await repository.create_customer(NewCustomer(customer_id="c-2"), now=now)

    with closing(sqlite3.connect(database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
