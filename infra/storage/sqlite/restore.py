"""Restore a backup: check it, erase in it who was erased since, and put it in place of a database that nobody uses."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from domain.errors import ConfigurationError, StoreBusy
from domain.records.audit import COMMAND_LINE, Act
from infra.progress import Progress
from infra.storage.sql import audit, privacy
from infra.storage.sqlite import erasure_record
from infra.storage.sqlite.backup import connect, copy_into, unfinished_file
from infra.storage.sqlite.connection import cause_of
from infra.storage.sqlite.dialect import run
from infra.storage.sqlite.migrations import migrate
from infra.storage.sqlite.write_lock import WriteLock

SHARED_FIRST, SHARED_SIZE = 0x40000002, 510
"""The bytes of a database file that each connection of SQLite locks (https://sqlite.org/src/file/src/os.h)."""


def restore(backup: Path, database: Path, *, progress: Progress, without_record: bool = False) -> int:
    """Replace `database` by a checked copy of `backup`, and return how many customers were erased in the copy.

    Raise ConfigurationError, and change nothing, if a process uses the database, if the backup is damaged or belongs to
    another program, or if no file records the erasures since the backup, unless `without_record`.
    """
    if not backup.is_file():
        raise ConfigurationError(f"The backup {backup} does not exist.")
    if database.exists() and backup.samefile(database):
        raise ConfigurationError(f"{backup} is the database itself.")
    try:
        erased = _recorded(database, without_record=without_record)
        with _unused(database), unfinished_file(database) as copy:
            copy_into(backup, copy, progress=progress)
            n_erased = _prepare(copy, erased)
            erasure_record.sync(copy)
            # The log of the old database would be applied to the new one.
            for suffix in ("-wal", "-shm"):
                database.with_name(database.name + suffix).unlink(missing_ok=True)
            copy.rename(database)
            erasure_record.sync(database.parent)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"{backup} cannot be restored to {database}: {cause_of(error)}.") from error
    return n_erased


def _recorded(database: Path, *, without_record: bool) -> Mapping[bytes, set[str]]:
    try:
        return erasure_record.read(database)
    except FileNotFoundError:
        if without_record:
            return {}
    raise ConfigurationError(
        f"{erasure_record.path_of(database)} does not exist, so customers who were erased since the backup would come back."
        " If none was erased, add --yes."
    )


@contextmanager
def _unused(database: Path) -> Generator[None]:
    """Keep all other processes away from the database; raise ConfigurationError if one uses it."""
    in_use = ConfigurationError(f"A process uses {database}. Stop the server first.")
    lock = WriteLock(database)
    try:
        with lock.held(deadline=time.monotonic()), _locked_file(database):
            yield
    except (StoreBusy, BlockingIOError) as error:
        raise in_use from error
    finally:
        lock.close()


@contextmanager
def _locked_file(database: Path) -> Generator[None]:
    if not database.exists():
        yield
        return
    with database.open("rb+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_SIZE, SHARED_FIRST, os.SEEK_SET)
        yield


def _prepare(path: Path, erased: Mapping[bytes, set[str]]) -> int:
    """Check and migrate the copy, and erase the customers of the record; return their number."""
    with closing(connect(path)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        errors = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
        if errors:
            raise ConfigurationError(f"The backup is damaged: {errors[0]}.")
        if not copy.execute("SELECT 1 FROM sqlite_schema WHERE name = 'customer_profiles'").fetchone():
            raise ConfigurationError("The backup is not a database of this application.")
        migrate(copy)
        copy.execute("BEGIN")
        n_erased = run(copy, privacy.erase_again(erased))
        # The entries since the backup are lost; this one shows that there is a gap.
        run(copy, audit.record(Act(actor=COMMAND_LINE, action="restore")))
        copy.execute("COMMIT")
        if n_erased:
            copy.execute("VACUUM")  # Writes all pages anew, without a byte of what was deleted.
        return n_erased
