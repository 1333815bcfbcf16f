"""A copy of the database file while it is in use: the one place for SQLite's online backup."""

import fcntl
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from domain.errors import ConfigurationError
from infra.progress import Progress

PAGES_AT_ONCE = 2000


def back_up(source: Path, target: Path, *, progress: Progress) -> int:
    """Copy a database into a new file that only its owner may read, check it, and return its size in bytes.

    It holds everything that was acknowledged before the start, and nothing of what came later. What is there already is
    never written over, and a backup that is cut off leaves no file of that name. Raise ConfigurationError where it fails.
    """
    if not source.is_file():
        raise ConfigurationError(f"The database {source} does not exist.")
    if target.exists():
        raise ConfigurationError(f"{target} exists already; a backup overwrites nothing.")
    try:
        with _unfinished(target) as unfinished:
            _copy(source, unfinished, progress=progress)
            _check(unfinished)
            _make_durable(unfinished)
            unfinished.rename(target)
            _make_durable(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"{source} cannot be backed up to {target}: {_cause_of(error)}.") from error
    return target.stat().st_size


@contextmanager
def _unfinished(target: Path) -> Generator[Path]:
    """Make the empty file that a backup is copied into, and hold it until the end: two copies in one would mix."""
    path = target.with_name(target.name + ".unfinished")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _claim(file, path)
        try:
            os.ftruncate(file, 0)
            os.fchmod(file, 0o600)
            yield path
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _claim(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = path.exists() and os.path.samestat(path.stat(), os.fstat(file))
    except BlockingIOError:
        is_ours = False
    if not is_ours:
        raise ConfigurationError(f"{path} belongs to another backup, which was made at the same moment.")


def _copy(source: Path, target: Path, *, progress: Progress) -> None:
    with closing(_connected(source, "rw")) as ours, closing(_connected(target, "rw")) as theirs:
        progress.begin(f"Copying {source}", None)
        # Within a transaction every step of the copy sees one state of the database; without, each COMMIT of another
        # process would make it begin anew. Writers are not kept waiting.
        ours.execute("BEGIN")
        ours.execute("SELECT 1 FROM sqlite_schema").fetchone()
        ours.backup(theirs, pages=PAGES_AT_ONCE, progress=lambda _, remaining, total: progress.reach(total - remaining))
        ours.execute("COMMIT")


def _check(path: Path) -> None:
    with closing(_connected(path, "rw")) as copy:
        # One file is all that there is to keep: without the write-ahead log, until the copy is opened as a shop.
        copy.execute("PRAGMA journal_mode=DELETE")
        damage = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
    if damage:
        raise sqlite3.DatabaseError(f"the copy is damaged: {damage[0]}")


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, isolation_level=None, timeout=5)


def _make_durable(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _cause_of(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
