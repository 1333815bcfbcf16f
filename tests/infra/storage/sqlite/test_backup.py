"""A backup of a database in use: complete, checked, private to its owner."""

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
from infra.storage.sqlite import backup
from infra.storage.sqlite.backup import back_up
from tests.infra.storage.sqlite.conftest import open_shop


@pytest.fixture
def target(tmp_path):
    return tmp_path / "copies" / "shop.db"


@pytest.fixture(autouse=True)
def directory(target):
    target.parent.mkdir()
    return target.parent


def silent():
    return PlainProgress(io.StringIO())


def customers(path):
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in connection.execute("SELECT customer_id FROM customer_profiles")}


async def test_a_backup_has_everything_acknowledged_before_it_and_only_whole_transactions(repository, database, target, now):
    acknowledged = []

    async def create(n):
        for _ in range(n):
            customer_id = f"c-{len(acknowledged)}"
            await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
            acknowledged.append(customer_id)

    await create(20)
    before = set(acknowledged)
    await asyncio.gather(create(200), asyncio.to_thread(back_up, database, target, progress=silent()))

    assert before <= customers(target) <= set(acknowledged)


async def test_a_backup_is_a_single_file_that_only_its_owner_may_access(repository, database, target, directory):
    n_bytes = back_up(database, target, progress=silent())

    assert [path.name for path in directory.iterdir()] == ["shop.db"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert target.stat().st_size == n_bytes > 0


async def test_a_backup_copies_one_state_and_does_not_block_writers(repository, database, target, now, monkeypatch):
    monkeypatch.setattr(backup, "PAGES_PER_STEP", 1)
    loop = asyncio.get_running_loop()

    class WriteAtEachStep(PlainProgress):
        def reach(self, done):
            creating = repository.create_customer(NewCustomer(customer_id=f"late-{done}"), now=now)
            asyncio.run_coroutine_threadsafe(creating, loop).result(timeout=10)

    await repository.create_customer(NewCustomer(customer_id="early"), now=now)
    await asyncio.to_thread(back_up, database, target, progress=WriteAtEachStep(io.StringIO()))

    assert customers(target) == {"early"}
    assert len(customers(database)) > 10


async def test_a_backup_can_be_opened_as_a_shop(repository, database, target, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    back_up(database, target, progress=silent())

    async with open_shop(target) as restored:
        assert (await restored.profile("c-1")).customer.customer_id == "c-1"


async def test_a_plain_copy_of_the_file_lacks_acknowledged_writes(repository, database, target, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    target.write_bytes(database.read_bytes())

    assert "c-1" not in customers(target)


async def test_an_existing_file_is_never_overwritten(repository, database, target):
    target.write_text("mine")

    with pytest.raises(ConfigurationError, match="overwrites nothing"):
        back_up(database, target, progress=silent())
    assert target.read_text() == "mine"


async def test_of_two_backups_to_one_file_at_the_same_time_one_is_refused(
    repository, database, target, directory, now, monkeypatch
):
    monkeypatch.setattr(backup, "PAGES_PER_STEP", 1)
    n_refused = 0

    class Second(PlainProgress):
        def reach(self, done):
            raise AssertionError("the second backup writes into the file of the first")

    class First(PlainProgress):
        def reach(self, done):
            nonlocal n_refused
            if n_refused == 0:
                with pytest.raises(ConfigurationError, match="another backup"):
                    back_up(database, target, progress=Second(io.StringIO()))
                n_refused += 1

    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    back_up(database, target, progress=First(io.StringIO()))

    assert customers(target) == {"c-1"}
    assert list(directory.iterdir()) == [target]
    assert n_refused == 1


async def test_a_file_that_another_backup_finished_meanwhile_is_not_overwritten(
    database, target, directory, repository, monkeypatch
):
    flock = backup.fcntl.flock

    def lock_too_late(file, operation):
        directory.joinpath("shop.db.unfinished").rename(target)
        target.write_text("finished")
        flock(file, operation)

    monkeypatch.setattr(backup.fcntl, "flock", lock_too_late)
    with pytest.raises(ConfigurationError, match="another backup"):
        back_up(database, target, progress=silent())
    assert target.read_text() == "finished"


async def test_the_unfinished_file_of_a_killed_backup_is_replaced(repository, database, target, directory):
    unfinished = directory / "shop.db.unfinished"
    unfinished.write_text("half of it")
    unfinished.chmod(0o644)

    back_up(database, target, progress=silent())

    assert customers(target) == set()
    assert list(directory.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_an_interrupted_backup_leaves_no_file(repository, database, target, directory, monkeypatch):
    class Interrupted(PlainProgress):
        def reach(self, done):
            raise KeyboardInterrupt

    monkeypatch.setattr(backup, "PAGES_PER_STEP", 1)
    with pytest.raises(KeyboardInterrupt):
        back_up(database, target, progress=Interrupted(io.StringIO()))

    assert list(directory.iterdir()) == []


async def test_a_damaged_copy_is_an_error_and_leaves_no_file(repository, database, target, directory, now):
    await repository.create_customer(NewCustomer(), now=now)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'email TEXT,', 'email TEXT NOT NULL,')")

    with pytest.raises(ConfigurationError, match="the copy is damaged"):
        back_up(database, target, progress=silent())
    assert list(directory.iterdir()) == []


def test_a_missing_database_is_an_error(new_database, target):
    with pytest.raises(ConfigurationError, match="does not exist"):
        back_up(new_database, target, progress=silent())


async def test_a_missing_target_directory_is_an_error(repository, database, directory):
    with pytest.raises(ConfigurationError, match="No such file or directory"):
        back_up(database, directory / "missing" / "shop.db", progress=silent())


def test_a_source_that_is_no_database_is_an_error_and_leaves_no_file(database, target, directory):
    database.write_text("Dear diary, " * 100)

    with pytest.raises(ConfigurationError, match="not a database"):
        back_up(database, target, progress=silent())
    assert list(directory.iterdir()) == []


def test_the_command_prints_the_size_of_the_backup(database, target, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    assert run(["migrate"]) == 0

    assert run(["backup", str(target)]) == 0
    assert f"{target}: {target.stat().st_size:,} bytes, checked" in capsys.readouterr().out
    assert run(["backup", str(target)]) == 1


def test_for_postgresql_the_command_names_pg_dump_and_no_password(target, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://keeper:secret@127.0.0.1/shop")

    assert run(["backup", str(target)]) == 1
    message = capsys.readouterr().err
    assert "pg_dump" in message
    assert (message.count("\n"), "secret" in message) == (1, False)
