"""A scrub cleans all pages with deleted data, whatever others write meanwhile, and lets them write."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.customers import CustomerChange
from infra.storage.sql import privacy
from infra.storage.sql.statements import rows
from infra.storage.sqlite import scrubbing
from infra.storage.sqlite.database_file import DatabaseFile
from infra.storage.sqlite.scrubbing import LogPin, Scrub
from tests.infra.storage.sqlite.conftest import open_shop
from tests.infra.storage.sqlite.test_page_gaps import SIZE, content_of, in_gaps, name_of, register

UPDATE = "UPDATE shop_state SET next_product_index = next_product_index + 1"


@pytest.fixture
async def shop(database, now):
    """Open a shop in whose file some pages have copies of moved cells."""
    async with open_shop(database) as repository:
        await register(repository, range(SIZE), now=now)
    async with open_shop(database) as repository:
        yield repository


def change_and_reset_log(database):
    """Write as another program does, and try everything that could make the log forget which pages changed."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
        for _ in range(3):
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
            other.execute(UPDATE)
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            other.execute(UPDATE)


def after(function, call):
    """Return a generator function that behaves like `function` and then calls `call`."""

    def with_call(*arguments):
        found = list(function(*arguments))
        call()
        return found

    return with_call


@pytest.mark.parametrize("moved_into_the_file", [True, False])
async def test_pages_that_change_while_the_file_is_read_are_cleaned(shop, database, now, monkeypatch, moved_into_the_file):
    if moved_into_the_file:
        with closing(sqlite3.connect(database)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    changed = []

    def note_changed():
        change_and_reset_log(database)
        with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
            # In other pages than the one of the shop's state: rows that are moved, and so leave copies.
            other.execute("UPDATE customer_profiles SET first_name = first_name || 'canary canary canary', version = 1")
        changed.append(True)

    monkeypatch.setattr(DatabaseFile, "scan", after(DatabaseFile.scan, note_changed))
    await shop.erase(name_of(1))

    assert changed == [True]
    assert in_gaps(database, range(SIZE)) == set()
    assert name_of(1).encode() not in content_of(database.parent)


async def test_a_second_erasure_does_not_read_the_whole_file(shop, monkeypatch):
    await shop.erase(name_of(1))
    monkeypatch.delattr(DatabaseFile, "scan")

    await shop.erase(name_of(2))


async def test_an_erasure_after_one_of_another_process_does_not_read_the_whole_file(shop, database, monkeypatch):
    async with open_shop(database) as other:
        await other.erase(name_of(1))
        monkeypatch.delattr(DatabaseFile, "scan")

        await shop.erase(name_of(2))
    assert {number for number in (1, 2) if name_of(number).encode() in content_of(database.parent)} == set()


async def test_the_whole_file_is_read_if_the_log_was_reset_since_the_last_erasure(shop, database, monkeypatch):
    await shop.erase(name_of(1))
    change_and_reset_log(database)
    n_scans = []
    monkeypatch.setattr(DatabaseFile, "scan", after(DatabaseFile.scan, lambda: n_scans.append(1)))

    await shop.erase(name_of(2))

    assert n_scans == [1]
    assert in_gaps(database, range(SIZE)) == set()


async def test_the_whole_file_is_read_if_the_log_is_reset_while_its_pages_are_read(shop, database, monkeypatch):
    await shop.erase(name_of(1))
    n_scans = []

    def begin_with_a_moved_log():
        # The pin then reads from the file alone, and the next writer begins the log anew.
        with closing(sqlite3.connect(database)) as other:
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")

    read = DatabaseFile.pages_in_log
    is_first = [True]

    def read_and_reset(file):
        found = list(read(file))
        if is_first.pop() if is_first else False:
            change_and_reset_log(database)
        return found

    monkeypatch.setattr(DatabaseFile, "pages_in_log", read_and_reset)
    monkeypatch.setattr(DatabaseFile, "scan", after(DatabaseFile.scan, lambda: n_scans.append(1)))
    await shop.engine.write(privacy.erase, name_of(2))
    begin_with_a_moved_log()
    await shop.engine.scrub()

    assert n_scans == [1]
    assert name_of(2).encode() not in content_of(database.parent)


async def test_others_write_between_the_turns_of_a_scrub_and_what_they_write_is_cleaned(shop, database, now, monkeypatch):
    monkeypatch.setattr(scrubbing, "PAGES_PER_TURN", 1)
    monkeypatch.setattr(scrubbing, "MIN_PAGES_PER_TURN", 5)
    turns = []
    clean_some = Scrub.clean_some

    def count_turn(*arguments, **options):
        turns.append(clean_some(*arguments, **options))
        return turns[-1]

    monkeypatch.setattr(Scrub, "clean_some", count_turn)
    erasing = asyncio.create_task(shop.erase(name_of(1)))
    written_after = []
    number = SIZE
    while not erasing.done():
        await shop.put_customers([CustomerChange(customer_id=name_of(number), first_name="canary" * 9)], now=now)
        written_after.append(len(turns))
        number += 1
    await erasing

    assert turns == [False] * (len(turns) - 1) + [True]
    assert len(turns) > 3
    assert len(set(written_after)) > 2
    assert name_of(1).encode() not in content_of(database.parent)
    # Only the writes after the last turn may have left copies, and none of an earlier row.
    assert name_of(2).encode() in content_of(database.parent)
    with closing(sqlite3.connect(database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_others_write_while_a_scrub_waits_for_a_reader(shop, database, now, monkeypatch):
    monkeypatch.setattr(scrubbing, "BUSY_SECONDS", 0.3)
    written = []
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        await shop.engine.write(rows, UPDATE)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM customer_profiles").fetchall()
        erasing = asyncio.create_task(shop.erase(name_of(1)))
        while not erasing.done():
            await shop.engine.write(rows, UPDATE)
            written.append(erasing.done())
            await asyncio.sleep(0.01)
        with pytest.raises(StoreBusy):
            await erasing

    assert written.count(False) > 3
    await shop.erase(name_of(1))
    assert name_of(1).encode() not in content_of(database.parent)


async def test_erasures_at_the_same_moment_never_share_a_commit(shop, monkeypatch):
    n_together = []
    commit = shop.engine.writes._run_batch  # noqa: SLF001

    def count_erasures(connection, writes):
        n_together.append(sum(write.steps.func is privacy.erase for write in writes))
        return commit(connection, writes)

    monkeypatch.setattr(shop.engine.writes, "_run_batch", count_erasures)
    await asyncio.gather(*(shop.erase(name_of(number)) for number in range(40)))

    assert set(n_together) == {0, 1}
    assert sum(n_together) == 40


async def test_a_fault_of_sqlite_is_a_storage_that_is_unavailable(shop, monkeypatch):
    def fail(_):
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(LogPin, "hold", fail)
        with pytest.raises(StoreUnavailable):
            await shop.erase(name_of(1))
    await shop.erase(name_of(1))


async def test_a_storage_that_is_closed_finishes_the_scrubs_that_were_asked_for(database, now):
    async with open_shop(database) as repository:
        await register(repository, range(50), now=now)
        scrubbing_now = asyncio.create_task(repository.engine.scrub())
        await asyncio.sleep(0)

    await scrubbing_now
