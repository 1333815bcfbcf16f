"""A backup of a database in use: whole, checked, for its owner alone."""

import asyncio
import io
import sqlite3
import stat
from contextlib import closing

import pytest

from domain.errors import ConfigurationError
from domain.records.customers import NewCustomer
from infra.cli import run
from infra.progress import PlainProgress
from infra.storage.sqlite import backup, open_sqlite
from infra.storage.sqlite.backup import back_up


@pytest.fixture
async def repository(database):
    async with open_sqlite(database, currency="EUR") as opened:
        yield opened


@pytest.fixture
def target(tmp_path):
    return tmp_path / "copies" / "shop.db"


@pytest.fixture(autouse=True)
def folder(target):
    target.parent.mkdir()
    return target.parent


def quietly():
    return PlainProgress(io.StringIO())


def customers(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in connection.execute("SELECT customer_id FROM customer_profiles")}


async def test_a_backup_holds_all_that_was_acknowledged_before_it_and_nothing_by_halves(repository, database, target, now):
    acknowledged = []

    async def create(n):
        for _ in range(n):
            customer_id = f"c-{len(acknowledged)}"
            await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
            acknowledged.append(customer_id)

    await create(20)
    before = set(acknowledged)
    await asyncio.gather(create(200), asyncio.to_thread(back_up, database, target, progress=quietly()))

    assert before <= customers(target) <= set(acknowledged)


async def test_a_backup_is_one_file_for_its_owner_alone(repository, database, target, folder):
    n_bytes = back_up(database, target, progress=quietly())

    assert [path.name for path in folder.iterdir()] == ["shop.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.stat().st_size == n_bytes > 0


async def test_writers_are_not_kept_waiting_and_the_copy_is_of_one_moment(repository, database, target, now, monkeypatch):
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1)
    loop = asyncio.get_running_loop()

    class Writing(PlainProgress):
        def reach(self, done):
            creating = repository.create_customer(NewCustomer(customer_id=f"late-{done}"), now=now)
            asyncio.run_coroutine_threadsafe(creating, loop).result(timeout=10)

    await repository.create_customer(NewCustomer(customer_id="early"), now=now)
    await asyncio.to_thread(back_up, database, target, progress=Writing(io.StringIO()))

    assert customers(target) == {"early"}
    assert len(customers(database)) > 10


async def test_a_backup_is_opened_as_a_shop(repository, database, target, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    back_up(database, target, progress=quietly())

    async with open_sqlite(target, currency="EUR") as restored:
        assert (await restored.profile("c-1")).customer.customer_id == "c-1"


async def test_a_plain_copy_of_the_file_is_found_to_lack_what_was_acknowledged(repository, database, target, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    target.write_bytes(database.read_bytes())

    assert "c-1" not in customers(target)


async def test_what_is_there_is_never_written_over(repository, database, target):
    target.write_text("mine")

    with pytest.raises(ConfigurationError, match="overwrites nothing"):
        back_up(database, target, progress=quietly())
    assert target.read_text() == "mine"


async def test_two_backups_to_one_file_at_the_same_moment_do_not_mix(repository, database, target, folder, now, monkeypatch):
    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1)
    refused = []

    class Second(PlainProgress):
        def reach(self, done):
            raise AssertionError("it writes into the file of the first")

    class First(PlainProgress):
        def reach(self, done):
            if not refused:
                with pytest.raises(ConfigurationError, match="another backup"):
                    back_up(database, target, progress=Second(io.StringIO()))
                refused.append(done)

    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    back_up(database, target, progress=First(io.StringIO()))

    assert customers(target) == {"c-1"}
    assert list(folder.iterdir()) == [target]
    assert len(refused) == 1


async def test_what_another_backup_has_finished_meanwhile_is_not_written_over(
    database, target, folder, repository, monkeypatch
):
    flock = backup.fcntl.flock

    def late(file, how):
        folder.joinpath("shop.db.unfinished").rename(target)
        target.write_text("finished")
        flock(file, how)

    monkeypatch.setattr(backup.fcntl, "flock", late)
    with pytest.raises(ConfigurationError, match="another backup"):
        back_up(database, target, progress=quietly())
    assert target.read_text() == "finished"


async def test_what_a_killed_backup_left_is_in_nobodys_way(repository, database, target, folder):
    left = folder / "shop.db.unfinished"
    left.write_text("half of it")
    left.chmod(0o644)

    back_up(database, target, progress=quietly())

    assert customers(target) == set()
    assert list(folder.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_a_backup_that_is_cut_off_leaves_no_file(repository, database, target, folder, monkeypatch):
    class Interrupted(PlainProgress):
        def reach(self, done):
            raise KeyboardInterrupt

    monkeypatch.setattr(backup, "PAGES_AT_ONCE", 1)
    with pytest.raises(KeyboardInterrupt):
        back_up(database, target, progress=Interrupted(io.StringIO()))

    assert list(folder.iterdir()) == []


async def test_a_damaged_copy_is_no_backup(repository, database, target, folder, now, monkeypatch):
    await repository.create_customer(NewCustomer(), now=now)
    copy = backup._copy

    def damaging(source, to, *, progress):
        copy(source, to, progress=progress)
        with closing(sqlite3.connect(to, isolation_level=None)) as connection:
            connection.execute("PRAGMA writable_schema=ON")
            connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'email TEXT,', 'email TEXT NOT NULL,')")

    monkeypatch.setattr(backup, "_copy", damaging)
    with pytest.raises(ConfigurationError, match="the copy is damaged"):
        back_up(database, target, progress=quietly())
    assert list(folder.iterdir()) == []


def test_a_database_that_is_not_there_is_told(database, target):
    with pytest.raises(ConfigurationError, match="does not exist"):
        back_up(database, target, progress=quietly())


async def test_a_folder_that_is_not_there_is_told(repository, database, folder):
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        back_up(database, folder / "missing" / "shop.db", progress=quietly())


def test_a_file_that_is_no_database_is_told(database, target, folder):
    database.write_text("Dear diary, " * 100)

    with pytest.raises(ConfigurationError, match="not a database"):
        back_up(database, target, progress=quietly())
    assert list(folder.iterdir()) == []


def test_the_command_tells_what_it_made(database, target, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    assert run(["migrate"]) == 0

    assert run(["backup", str(target)]) == 0
    assert f"{target}: {target.stat().st_size:,} bytes, checked" in capsys.readouterr().out
    assert run(["backup", str(target)]) == 1


def test_postgresql_has_a_tool_of_its_own(target, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://keeper:secret@127.0.0.1/shop")

    assert run(["backup", str(target)]) == 1
    said = capsys.readouterr().err
    assert "pg_dump" in said
    assert (said.count("\n"), "secret" in said) == (1, False)
