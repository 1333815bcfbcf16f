"""A restored backup is checked, replaces a database that nobody uses, and brings back nobody who was erased since."""

import asyncio
import shutil
import sqlite3
import stat
import sys
from asyncio.subprocess import PIPE
from contextlib import closing

import pytest

from domain.errors import ConfigurationError, CustomerExists, CustomerNotFound, StoreUnavailable
from domain.records.audit import COMMAND_LINE, Act, AuditQuery
from domain.records.customers import NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.cli import run
from infra.progress import NoProgress
from infra.storage.sqlite import erasure_record
from infra.storage.sqlite.backup import back_up
from infra.storage.sqlite.restore import restore
from tests.infra.storage.sqlite.conftest import open_shop

NAMES = ("canary", "canary-bob", "canary-eve")


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "backup.db"


@pytest.fixture
async def erased(database, copy, now):
    """Make a backup of three customers, then erase the first two; `copy` is the backup."""
    async with open_shop(database) as repository:
        for name in NAMES:
            await repository.create_customer(NewCustomer(customer_id=name, email=f"mail-{name}@canary.com"), now=now)
        back_up(database, copy, progress=NoProgress())
        for name in NAMES[:2]:
            await repository.erase(name)


async def exists(repository, name, *, now):
    try:
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    except CustomerExists:
        return True
    return False


async def test_customers_who_were_erased_since_the_backup_do_not_come_back(database, copy, erased, now):
    n_erased = restore(copy, database, progress=NoProgress())

    assert n_erased == 2
    content = b"".join(path.read_bytes() for path in database.parent.iterdir() if path.is_file())
    assert [name for name in NAMES if f"mail-{name}@".encode() in content] == ["canary-eve"]
    async with open_shop(database) as repository:
        assert (await repository.profile("canary-eve")).customer.email == "mail-canary-eve@canary.com"
        # Their ids stay refused, also that of somebody whom the backup does not have.
        assert [await exists(repository, name, now=now) for name in NAMES] == [True] * 3
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert stat.S_IMODE(erasure_record.path_of(database).stat().st_mode) == 0o600


async def test_merged_guests_who_were_erased_since_the_backup_do_not_come_back(database, copy, now):
    async with open_shop(database) as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=now)
        await repository.create_customer(NewCustomer(customer_id="canary"), now=now)
        for name in ("canary-one", "canary-two"):
            await repository.record([BrowsingEvent(customer_id=name, product_id="p-1", guest=True)], now=now)
        await repository.merge_guest(GuestMerge(guest_id="canary-one", customer_id="canary"), now=now)
        back_up(database, copy, progress=NoProgress())
        await repository.merge_guest(GuestMerge(guest_id="canary-two", customer_id="canary"), now=now)
        await repository.erase("canary")

    # In the backup, one of the guests is still a guest.
    assert restore(copy, database, progress=NoProgress()) == 2
    content = b"".join(path.read_bytes() for path in database.parent.iterdir() if path.is_file())
    assert b"canary" not in content
    async with open_shop(database) as repository:
        for name in ("canary", "canary-one", "canary-two"):
            with pytest.raises(CustomerNotFound):
                await repository.record([BrowsingEvent(customer_id=name, product_id="p-1", guest=True)], now=now)


async def test_the_database_may_be_lost_and_damaged(database, copy, erased):
    database.write_bytes(b"damaged" * 1000)
    database.with_name("shop.db-wal").write_bytes(b"old")

    assert restore(copy, database, progress=NoProgress()) == 2
    assert not database.with_name("shop.db-wal").exists()
    database.unlink()
    assert restore(copy, database, progress=NoProgress()) == 2


async def test_without_the_record_of_erasures_a_restore_must_be_confirmed(database, copy, erased, monkeypatch, capsys):
    erasure_record.path_of(database).unlink()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    before = database.read_bytes()

    assert await asyncio.to_thread(run, ["restore", str(copy)]) == 1
    assert "would come back" in capsys.readouterr().err
    assert database.read_bytes() == before
    assert await asyncio.to_thread(run, ["restore", str(copy), "--yes"]) == 0
    assert "erased again: 0 customers" in capsys.readouterr().out


async def test_a_database_in_use_is_left_alone(database, copy, erased):
    code = f"import sqlite3, sys; c = sqlite3.connect({str(database)!r}); c.execute('SELECT * FROM shop_state'); print(1)"
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{code}; sys.stdout.flush(); sys.stdin.read()", stdin=PIPE, stdout=PIPE
    )
    assert other.stdin
    assert other.stdout
    await other.stdout.readline()
    before = database.read_bytes()
    with pytest.raises(ConfigurationError, match="Stop the server first"):
        restore(copy, database, progress=NoProgress())
    assert database.read_bytes() == before
    other.stdin.close()
    await other.wait()

    restore(copy, database, progress=NoProgress())


def damage(path):
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 4] = b"x" * 8192
    path.write_bytes(content)


def break_a_rule(path):
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE t (a)")
        file.execute("INSERT INTO t VALUES (NULL)")
        file.execute("PRAGMA writable_schema=ON")
        file.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a NOT NULL)' WHERE name = 't'")


def replace_by_text(path):
    path.write_text("no database" * 1000)


def replace_by_other_program(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE t (a)")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (damage, "malformed"),
        (break_a_rule, "damaged: NULL value"),
        (replace_by_text, "not a database"),
        (replace_by_other_program, "not a database of this application"),
        (lambda path: path.unlink(), "does not exist"),
    ],
    ids=["damaged", "inconsistent", "text", "other-program", "missing"],
)
async def test_a_file_that_is_no_sound_backup_is_refused(database, copy, erased, spoil, message):
    before = database.read_bytes()
    spoil(copy)

    with pytest.raises(ConfigurationError, match=message):
        restore(copy, database, progress=NoProgress())
    assert database.read_bytes() == before


async def test_the_database_itself_is_no_backup(database, erased):
    with pytest.raises(ConfigurationError, match="the database itself"):
        restore(database, database, progress=NoProgress())


def test_postgres_has_its_own_tool(monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere/shop")

    assert run(["restore", "file"]) == 1
    assert "pg_restore" in capsys.readouterr().err


async def test_the_record_begins_with_the_erasures_of_an_earlier_release(database, copy, erased):
    path = erasure_record.path_of(database)
    recorded = erasure_record.read(database)
    path.unlink()
    async with open_shop(database):
        pass

    assert erasure_record.read(database) == recorded
    assert [len(hashes) for hashes in recorded.values()] == [2]


async def test_a_line_that_a_crash_cut_off_is_left_out(database, erased):
    recorded = erasure_record.read(database)
    with erasure_record.path_of(database).open("a") as file:
        file.write("abc")

    assert erasure_record.read(database) == recorded


async def test_a_key_without_erasures_makes_no_record(database, now):
    async with open_shop(database) as repository:
        await repository.record_act(Act(actor="erp", action="export", customer_id="canary"))
    async with open_shop(database):
        pass

    assert not erasure_record.path_of(database).exists()


async def test_the_audit_of_a_restored_backup_has_the_restore_and_the_repeated_erasures(database, copy, erased):
    restore(copy, database, progress=NoProgress())

    async with open_shop(database) as repository:
        entries = await repository.audit_entries(AuditQuery())
        assert [(entry.actor, entry.action, entry.outcome) for entry in entries] == [
            (COMMAND_LINE, "restore", "done"), (COMMAND_LINE, "erase", "done"), (COMMAND_LINE, "erase", "done"),
        ]  # fmt: skip
        assert len(await repository.audit_entries(AuditQuery(customer_id="canary"))) == 1


async def test_nobody_is_erased_without_a_record(database, now):
    async with open_shop(database) as repository:
        await repository.create_customer(NewCustomer(customer_id="canary"), now=now)
        erasure_record.path_of(database).mkdir()
        with pytest.raises(StoreUnavailable):
            await repository.erase("canary")
        shutil.rmtree(erasure_record.path_of(database))
        assert (await repository.profile("canary")).customer.customer_id == "canary"
