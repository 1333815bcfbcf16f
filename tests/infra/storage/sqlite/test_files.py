"""The files on the disk: for their owner alone, kept, and left alone where they are not ours."""

import errno
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from domain.errors import ConfigurationError
from domain.records.customers import NewCustomer
from tests.infra.storage.sqlite.conftest import opened


async def test_the_files_are_for_their_owner_alone(repository, database, now):
    await repository.create_customer(NewCustomer(), now=now)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()}

    assert set(modes) == {"shop.db", "shop.db-wal", "shop.db-shm", "shop.db.lock", "shop.db.turn"}
    assert set(modes.values()) == {0o600}


async def test_files_that_are_open_to_others_are_closed_to_them(database, now, caplog):
    async with opened(database) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        for path in database.parent.iterdir():
            path.chmod(0o664)
        async with opened(database) as other:
            assert (await other.profile("c-1")).customer.customer_id == "c-1"

        assert {stat.S_IMODE(path.stat().st_mode) for path in database.parent.iterdir()} == {0o600}
    assert caplog.text.count("open to others than its owner") == 5


async def test_a_file_of_another_owner_that_cannot_be_closed_is_one_clear_line(database, monkeypatch):
    async with opened(database):
        pass
    database.chmod(0o666)

    def refused(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(type(database), "chmod", refused)
    with pytest.raises(ConfigurationError, match="Operation not permitted"):
        async with opened(database):
            pass


async def test_what_is_no_plain_file_is_left_alone(database):
    os.mkfifo(database, 0o640)
    database.chmod(0o666)

    with pytest.raises(ConfigurationError, match="not a plain file"):
        async with opened(database):
            pass
    assert list(database.parent.iterdir()) == [database]
    assert stat.S_IMODE(database.stat().st_mode) == 0o666


async def test_a_shop_outlives_its_process(database, now):
    async with opened(database) as first:
        await first.create_customer(NewCustomer(customer_id="c-1"), now=now)
    async with opened(database) as second:
        assert (await second.profile("c-1")).customer.customer_id == "c-1"


@pytest.mark.parametrize("journal_mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    ("statement", "said"), [("PRAGMA user_version=99", "newer"), ("CREATE TABLE mine (a)", "another program")]
)
async def test_a_database_that_is_not_ours_to_change_is_left_alone(database, journal_mode, statement, said):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal_mode}")
        connection.execute(statement)
    database.chmod(0o644)
    os.utime(database, (1e9, 1e9))
    before = database.read_bytes()

    with pytest.raises(ConfigurationError, match=said):
        async with opened(database):
            pass
    assert list(database.parent.iterdir()) == [database]
    assert (database.read_bytes(), stat.S_IMODE(database.stat().st_mode)) == (before, 0o644)
    assert database.stat().st_mtime == 1e9


async def test_a_database_that_another_program_has_only_in_its_log_is_left_alone(database):
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE mine (a)")
        before = sorted(database.parent.iterdir()), database.read_bytes()

        with pytest.raises(ConfigurationError, match="another program"):
            async with opened(database):
                pass
        assert (sorted(database.parent.iterdir()), database.read_bytes()) == before


async def test_a_file_that_is_no_database_is_one_clear_line(database):
    database.write_text("Dear diary, " * 100)

    with pytest.raises(ConfigurationError, match="not a database") as caught:
        async with opened(database):
            pass
    assert "\n" not in str(caught.value)
    assert list(database.parent.iterdir()) == [database]


async def test_a_folder_in_place_of_the_file_is_one_clear_line(database):
    database.mkdir()

    with pytest.raises(ConfigurationError, match="Is a directory"):
        async with opened(database):
            pass


async def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        async with opened(tmp_path / "missing" / "shop.db"):
            pass


async def test_a_file_that_may_not_be_written_is_one_clear_line(database, monkeypatch):
    database.touch()
    monkeypatch.setattr("os.access", lambda *_: False)

    with pytest.raises(ConfigurationError, match="Permission denied"):
        async with opened(database):
            pass
