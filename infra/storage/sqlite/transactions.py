"""What a connection's thread does: look-ups, readings on a snapshot, and transactions under the write lock."""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from msgspec import Struct

from domain.errors import ShopError, StoreBusy
from infra.storage.sql.statements import Steps
from infra.storage.sqlite.connection import code_of, is_busy
from infra.storage.sqlite.dialect import run
from infra.storage.sqlite.write_lock import WriteLock, retry

T = TypeVar("T")


class Write(Struct, frozen=True):
    """A transaction that is asked for, and until when it may wait for the lock (time.monotonic)."""

    steps: Callable[[], Steps[Any]]
    until: float


def look_up(connection: sqlite3.Connection, readings: Sequence[Steps[Any]]) -> list[Any]:
    """Run readings of one statement each; return the outcome of each."""
    return [_outcome_of(run, connection, steps) for steps in readings]


def on_snapshot(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    connection.execute("BEGIN")
    try:
        return run(connection, steps)
    finally:
        connection.execute("COMMIT")


class Transactions:
    """Write under the lock that all processes share."""

    def __init__(self, lock: WriteLock) -> None:
        self._lock = lock

    def commit(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Any]:
        """Run transactions that wait at the same time as one; return the outcome of each after it is durable.

        Where one of them fails that has written already, each is run anew on its own; a fault of the storage is told to all.
        """
        if len(writes) > 1:
            together = _outcome_of(self._together, connection, writes)
            if not isinstance(together, Exception):
                return together
            if isinstance(together, StoreBusy):
                return self._those_with_time(connection, writes, together)
            if _is_of_the_storage(together):
                return [together] * len(writes)
        return [_outcome_of(self._alone, connection, write) for write in writes]

    def truncate(self, connection: sqlite3.Connection, until: float) -> None:
        with self._lock.held(until=until):
            retry(lambda: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, until=until)

    def _those_with_time(self, connection: sqlite3.Connection, writes: Sequence[Write], busy: StoreBusy) -> list[Any]:
        """Tell those whose time is over that the storage is busy, and go on with the others."""
        ended = _first_end(writes)
        outcomes = iter(self.commit(connection, [write for write in writes if write.until > ended]))
        return [next(outcomes) if write.until > ended else busy for write in writes]

    def _alone(self, connection: sqlite3.Connection, write: Write) -> Any:
        with self._transaction(connection, until=write.until):
            return run(connection, write.steps())

    def _together(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Any]:
        with self._transaction(connection, until=_first_end(writes)):
            return [_unless_it_wrote(connection, write) for write in writes]

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection, *, until: float) -> Generator[None]:
        with self._lock.held(until=until):
            retry(lambda: _begins(connection), until=until)
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _unless_it_wrote(connection: sqlite3.Connection, write: Write) -> Any:
    """Return the outcome of a part of a transaction, unless undoing it would undo the other parts."""
    n_changed = connection.total_changes
    try:
        return run(connection, write.steps())
    except ShopError as error:
        if connection.total_changes > n_changed:
            raise
        return error


def _first_end(writes: Sequence[Write]) -> float:
    return min(write.until for write in writes)


def _is_of_the_storage(error: Exception) -> bool:
    """Tell what meets every transaction alike, such as a full disk, from a fault in the statement of one."""
    return isinstance(error, sqlite3.OperationalError) and code_of(error) != sqlite3.SQLITE_ERROR


def _outcome_of(function: Callable[..., T], *arguments: Any) -> T | Exception:
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - what failed is said to who asked for it
        return error


def _begins(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
        return False
    return True
