"""Back up a database file while it is in use, with the online backup of SQLite."""

import fcntl
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from domain.errors import ConfigurationError
from infra.progress import Progress
from infra.storage.sqlite.connection import cause_of
from infra.storage.sqlite.erasure_record import sync

PAGES_PER_STEP = 2000


def back_up(source: Path, target: Path, *, progress: Progress) -> int:
    """Copy a database into a new file with mode 0600, check the copy, and return its size in bytes.

    The backup contains everything that was acknowledged before the start and nothing that was written later. An existing
    `target` is never overwritten, and an interrupted backup leaves no `target`. Raise ConfigurationError if it fails.
    """
    if not source.is_file():
        raise ConfigurationError(f"The database {source} does not exist.")
    if target.exists():
        raise ConfigurationError(f"{target} exists already; a backup overwrites nothing.")
    try:
        with unfinished_file(target) as unfinished:
            copy_into(source, unfinished, progress=progress)
            _check(unfinished)
            sync(unfinished)
            unfinished.rename(target)
            sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"{source} cannot be backed up to {target}: {cause_of(error)}.") from error
    return target.stat().st_size


@contextmanager
def unfinished_file(target: Path) -> Generator[Path]:
    """Create the empty file for a backup and lock it, because two backups in one file would mix; delete it at the end."""
    path = target.with_name(target.name + ".unfinished")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(file, path)
        try:
            os.ftruncate(file, 0)
            os.fchmod(file, 0o600)
            yield path
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _lock(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between the opening and the lock, another backup may have renamed or deleted the file.
        is_ours = path.exists() and os.path.samestat(path.stat(), os.fstat(file))
    except BlockingIOError:
        is_ours = False
    if not is_ours:
        raise ConfigurationError(f"{path} belongs to another backup that runs at the same time.")


def copy_into(source: Path, target: Path, *, progress: Progress) -> None:
    with closing(connect(source)) as original, closing(connect(target)) as copy:
        progress.begin(f"Copying {source}", None)
        # In a transaction, all steps of the backup read the same state. Without it, each COMMIT of another process would
        # restart the backup. The transaction does not block writers.
        original.execute("BEGIN")
        original.execute("SELECT 1 FROM sqlite_schema").fetchone()
        original.backup(copy, pages=PAGES_PER_STEP, progress=lambda _, remaining, total: progress.reach(total - remaining))
        original.execute("COMMIT")


def _check(path: Path) -> None:
    with closing(connect(path)) as copy:
        # Without a write-ahead log, the backup is a single file.
        copy.execute("PRAGMA journal_mode=DELETE")
        errors = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
    if errors:
        raise sqlite3.DatabaseError(f"the copy is damaged: {errors[0]}")


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, isolation_level=None, timeout=5)
