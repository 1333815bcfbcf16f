"""Copies of deleted data in unused bytes of pages are found and zeroed, and nothing else is."""

import asyncio
import random
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from domain.errors import StoreUnavailable
from domain.records.customers import CustomerChange
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.storage.sql.statements import rows
from infra.storage.sqlite import database_file
from infra.storage.sqlite.database_file import DatabaseFile
from infra.storage.sqlite.page_gaps import pages_with_gaps, used_gaps
from tests.imports import as_imported
from tests.infra.storage.sqlite.conftest import insert_customer, open_shop

PAGE = 64
SIZE = 2000


def page(*, kind=13, freeblock=0, n_cells=1, content=40, junk=()):
    """Return a page of 64 bytes whose cells begin at `content`, with a byte of `junk` at each given offset."""
    result = bytearray(PAGE)
    result[0] = kind
    result[1:3], result[3:5], result[5:7] = (n.to_bytes(2) for n in (freeblock, n_cells, content))
    result[8:10] = (50).to_bytes(2)
    for offset in junk:
        result[offset] = 7
    return result


def with_freeblock(content, offset, *, following, size):
    content[offset : offset + 4] = following.to_bytes(2) + size.to_bytes(2)
    return bytes(content)


def test_bytes_between_the_pointers_and_the_cells_are_a_gap():
    assert used_gaps(bytes(page(junk=[10])), 0, PAGE) == [(10, 40)]
    assert used_gaps(bytes(page(junk=[39])), 0, PAGE) == [(10, 40)]
    assert used_gaps(bytes(page(junk=[9, 40])), 0, PAGE) == []


def test_inner_pages_have_a_longer_header():
    assert used_gaps(bytes(page(kind=5, junk=[13])), 0, PAGE) == []
    assert used_gaps(bytes(page(kind=5, junk=[14])), 0, PAGE) == [(14, 40)]


def test_the_content_of_freeblocks_is_a_gap():
    two = page(freeblock=44, junk=[50, 60])
    with_freeblock(two, 44, following=56, size=8)

    assert used_gaps(with_freeblock(two, 56, following=0, size=6), 0, PAGE) == [(48, 52), (60, 62)]


def test_pages_of_other_kinds_have_no_gap():
    assert used_gaps(bytes(page(kind=0, junk=[20])), 0, PAGE) == []


@pytest.mark.parametrize(
    "damaged",
    [
        bytes(page(n_cells=20, junk=[20])),
        bytes(page(content=0, junk=[20])),
        bytes(page(freeblock=62, junk=[20])),
        with_freeblock(page(freeblock=44, junk=[20]), 44, following=44, size=8),
        with_freeblock(page(freeblock=44, junk=[20]), 44, following=0, size=30),
    ],
    ids=["cells-overlap", "content-outside", "freeblock-outside", "circle", "long-freeblock"],
)
def test_a_damaged_page_is_left_alone(damaged):
    assert used_gaps(damaged, 0, PAGE) == []


def test_gaps_are_found_in_pages_in_a_row():
    assert list(pages_with_gaps(bytes(page() + page(junk=[20]) + page(junk=[50])), PAGE)) == [1]
    assert used_gaps(bytes(page() + page(junk=[20])), PAGE, PAGE) == [(PAGE + 10, PAGE + 40)]


def name_of(number):
    return f"canary-{random.Random(number).getrandbits(64):016x}"


async def register(repository, numbers, *, now):
    """Register customers with values of different lengths, which makes SQLite balance pages."""
    changes = [
        CustomerChange(
            customer_id=name_of(number),
            email=f"mail-{name_of(number)}{'y' * random.Random(number).randrange(80)}@canary.com",
            first_name=f"canary {number:090}"[: 7 + number % 90],
        )
        for number in numbers
    ]
    for start in range(0, len(changes), 200):
        await repository.put_customers(changes[start : start + 200], now=now)


def content_of(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir())


def in_gaps(database, numbers):
    """Return the numbers of customers with data in gaps of the file."""
    content = database.read_bytes()
    gaps = b"".join(
        content[begin:end] for start in range(4096, len(content), 4096) for begin, end in used_gaps(content, start, 4096)
    )
    return {number for number in numbers if name_of(number).encode() in gaps}


@pytest.fixture
async def shop(database, now):
    """Open a shop in whose file some pages have copies of moved cells."""
    async with open_shop(database) as repository:
        await register(repository, range(SIZE), now=now)
    async with open_shop(database) as repository:
        yield repository


async def test_an_erasure_also_removes_the_copies_that_sqlite_left_in_gaps(shop, database):
    copied = in_gaps(database, range(SIZE))
    assert copied

    for number in copied:
        await shop.erase(name_of(number))

    content = content_of(database.parent)
    assert [number for number in copied if name_of(number).encode() in content] == []
    assert sum(name_of(number).encode() in content for number in range(SIZE)) == SIZE - len(copied)


async def test_erasures_at_the_same_moment_remove_all_their_bytes(shop, database):
    erased = range(0, SIZE, 20)

    await asyncio.gather(*(shop.erase(name_of(number)) for number in erased))

    content = content_of(database.parent)
    assert [number for number in erased if name_of(number).encode() in content] == []
    with closing(sqlite3.connect(database)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_no_writer_brings_the_bytes_back_from_its_memory(shop, database, now):
    async with open_shop(database) as other:
        copied = in_gaps(database, range(SIZE))
        for writer in (shop, other):
            # Now it has all pages in memory.
            await writer.engine.write(read_all)
        for number in copied:
            await shop.erase(name_of(number))
        for start, writer in ((1000, other), (2000, shop)):
            await register(writer, range(start, start + 150), now=now)

        content = content_of(database.parent)
        assert [number for number in copied if name_of(number).encode() in content] == []


async def test_other_processes_drop_their_pages_after_a_scrub(shop, database):
    async with open_shop(database) as other:
        assert in_gaps(database, range(SIZE))
        await other.engine.write(read_all)

        await shop.engine.scrub()
        await other.engine.write(rows, "UPDATE customer_profiles SET version = 1")
    with closing(sqlite3.connect(database)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert in_gaps(database, range(SIZE)) == set()


def read_all():
    yield from insert_customer(random.random())
    yield from rows("SELECT email, email_key FROM customer_profiles ORDER BY email_key")
    yield from rows("SELECT * FROM customer_profiles NOT INDEXED")


async def test_a_purge_leaves_no_byte_of_the_events(database, now):
    async with open_shop(database) as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=now)
        events = [
            BrowsingEvent(
                customer_id="c-1", product_id="p-1", occurred_at=now - timedelta(days=number % 2), event_id=name_of(number)
            )
            for number in range(200)
        ]
        await repository.put_events(as_imported(events), create_products=False, now=now)
        while await repository.purge_events(before=now):
            pass

        content = content_of(database.parent)
        assert [number for number in range(1, 200, 2) if name_of(number).encode() in content] == []
        assert all(name_of(number).encode() in content for number in range(0, 200, 2))


async def test_a_file_whose_page_numbers_look_like_pages_is_refused(shop, monkeypatch):
    monkeypatch.setattr(database_file, "MAX_PAGES", 3)

    with pytest.raises(StoreUnavailable, match="too large"):
        await shop.erase(name_of(1))


async def test_a_fault_of_the_disk_leaves_the_writer_usable_and_the_same_erasure_succeeds(shop, monkeypatch, database):
    def fail(*_):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(DatabaseFile, "zero_gaps", fail)
        with pytest.raises(StoreUnavailable):
            await shop.erase(name_of(1))
    await shop.erase(name_of(1))

    assert name_of(1).encode() not in content_of(database.parent)


async def test_a_scrub_waits_until_another_program_no_longer_writes(shop, monkeypatch, database):
    answers = [False, True, True]
    monkeypatch.setattr(DatabaseFile, "is_log_empty", lambda _: answers.pop(0))

    await shop.erase(name_of(1))

    assert answers == [True]
    assert name_of(1).encode() not in content_of(database.parent)
