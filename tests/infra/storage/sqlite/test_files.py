"""The database files: private to their owner, durable, and untouched if they belong to another program."""

import errno
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from domain.errors import ConfigurationError
from domain.records.customers import NewCustomer
from tests.infra.storage.sqlite.conftest import open_shop


@pytest.fixture
def database(new_database):
    return new_database


async def test_only_the_owner_may_access_the_files(repository, database, now):
    await repository.create_customer(NewCustomer(), now=now)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()}

    assert set(modes) == {"shop.db", "shop.db-wal", "shop.db-shm", "shop.db.lock", "shop.db.turn"}
    assert set(modes.values()) == {0o600}


async def test_files_that_other_users_may_access_are_restricted_to_the_owner(database, now, caplog):
    async with open_shop(database) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        for path in database.parent.iterdir():
            path.chmod(0o664)
        async with open_shop(database) as other:
            assert (await other.profile("c-1")).customer.customer_id == "c-1"

        assert {stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()} == {0o600}
    assert caplog.text.count("was accessible to other users") == 5


async def test_a_file_whose_mode_may_not_be_changed_is_an_error_of_one_line(database, monkeypatch):
    async with open_shop(database):
        pass
    database.chmod(0o666)

    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(type(database), "chmod", refuse)
    with pytest.raises(ConfigurationError, match="Operation not permitted"):
        async with open_shop(database):
            pass


async def test_a_named_pipe_is_refused_and_left_unchanged(database):
    os.mkfifo(database, 0o640)
    database.chmod(0o666)

    with pytest.raises(ConfigurationError, match="not a plain file"):
        async with open_shop(database):
            pass
    assert list(database.parent.iterdir()) == [database]
    assert stat.S_IMODE(database.stat().st_mode) == 0o666


async def test_stored_customers_are_there_after_a_restart(database, now):
    async with open_shop(database) as first:
        await first.create_customer(NewCustomer(customer_id="c-1"), now=now)
    async with open_shop(database) as second:
        assert (await second.profile("c-1")).customer.customer_id == "c-1"


@pytest.mark.parametrize("journal_mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    ("statement", "message"),
    [("PRAGMA user_version=99", "newer"), ("CREATE TABLE mine (a)", "another program")],
    ids=["newer schema", "another program"],
)
async def test_a_database_with_a_newer_schema_or_of_another_program_is_left_unchanged(
    database, journal_mode, statement, message
):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal_mode}")
        connection.execute(statement)
    database.chmod(0o644)
    os.utime(database, (1e9, 1e9))
    before = database.read_bytes()

    with pytest.raises(ConfigurationError, match=message):
        async with open_shop(database):
            pass
    assert list(database.parent.iterdir()) == [database]
    assert (database.read_bytes(), stat.S_IMODE(database.stat().st_mode)) == (before, 0o644)
    assert database.stat().st_mtime == 1e9


async def test_tables_of_another_program_are_noticed_even_if_only_the_log_has_them(database):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE mine (a)")
        before = sorted(database.parent.iterdir()), database.read_bytes()

        with pytest.raises(ConfigurationError, match="another program"):
            async with open_shop(database):
                pass
        assert (sorted(database.parent.iterdir()), database.read_bytes()) == before


async def test_a_file_that_is_no_database_is_an_error_of_one_line(database):
    database.write_text("Dear diary, " * 100)

    with pytest.raises(ConfigurationError, match="not a database") as caught:
        async with open_shop(database):
            pass
    assert "\n" not in str(caught.value)
    assert list(database.parent.iterdir()) == [database]


async def test_a_directory_in_place_of_the_file_is_an_error_of_one_line(database):
    database.mkdir()

    with pytest.raises(ConfigurationError, match="Is a directory"):
        async with open_shop(database):
            pass


async def test_a_missing_directory_is_an_error_of_one_line(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        async with open_shop(tmp_path / "missing" / "shop.db"):
            pass


async def test_a_file_that_may_not_be_written_is_an_error_of_one_line(database, monkeypatch):
    database.touch()
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(ConfigurationError, match="Permission denied"):
        async with open_shop(database):
            pass
