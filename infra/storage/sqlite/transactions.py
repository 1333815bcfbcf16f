"""Functions that run in the thread of a connection: look-ups, reads on a snapshot, and write transactions."""

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from msgspec import Struct

from domain.errors import ShopError, StoreBusy
from infra.storage.sql.statements import Steps
from infra.storage.sqlite.connection import code_of, is_busy
from infra.storage.sqlite.database_file import DatabaseFile
from infra.storage.sqlite.dialect import run
from infra.storage.sqlite.write_lock import WriteLock, retry

T = TypeVar("T")


class Write(Struct, frozen=True):
    """A requested transaction, how long it may wait for the lock (time.monotonic), and whether it may be lost.

    `before_commit` is called with the result, in the thread of the connection, while nothing of it is certain yet. A write
    that shares its COMMIT does without: then there is other work to do meanwhile, and it may have to run again.
    """

    steps: Callable[[], Steps[Any]]
    deadline: float
    may_be_lost: bool = False
    before_commit: Callable[[Any], object] | None = None


def look_up(connection: sqlite3.Connection, reads: Sequence[Steps[Any]]) -> list[Any]:
    """Run reads of one statement each; return the outcome of each."""
    return [_outcome(run, connection, steps) for steps in reads]


def read_snapshot(connection: sqlite3.Connection, file: DatabaseFile, steps: Steps[T]) -> T:
    """Run a read of several statements on one state of the database; raise StoreUnavailable if its file is gone."""
    file.check_in_place()
    connection.execute("BEGIN")
    try:
        return run(connection, steps)
    finally:
        connection.execute("COMMIT")


class Transactions:
    """Write transactions under the lock that all processes share."""

    def __init__(self, lock: WriteLock, file: DatabaseFile) -> None:
        self._lock = lock
        self._file = file

    def commit(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Any]:
        """Run waiting transactions with one COMMIT; return the outcome of each after it is durable.

        If one of them fails after it wrote, all are rolled back and each runs again with its own COMMIT. A fault of the
        storage, such as a full disk, is the outcome of all.
        """
        if len(writes) > 1:
            outcomes = _outcome(self._commit_together, connection, writes)
            if not isinstance(outcomes, Exception):
                return outcomes
            if isinstance(outcomes, StoreBusy):
                return self._retry_before_deadline(connection, writes, outcomes)
            if _is_storage_fault(outcomes):
                return [outcomes] * len(writes)
        return [_outcome(self._commit_alone, connection, write) for write in writes]

    def commit_unchecked(self, connection: sqlite3.Connection, write: Write) -> Any:
        """Run a transaction without the checks of foreign keys, and return its result."""
        connection.execute("PRAGMA foreign_keys=OFF")
        try:
            return self._commit_alone(connection, write)
        finally:
            connection.execute("PRAGMA foreign_keys=ON")

    def _retry_before_deadline(self, connection: sqlite3.Connection, writes: Sequence[Write], busy: StoreBusy) -> list[Any]:
        """Return `busy` for the writes whose deadline has passed, and run the others again."""
        passed = _earliest_deadline(writes)
        outcomes = iter(self.commit(connection, [write for write in writes if write.deadline > passed]))
        return [next(outcomes) if write.deadline > passed else busy for write in writes]

    def _commit_alone(self, connection: sqlite3.Connection, write: Write) -> Any:
        with self._transaction(connection, [write]):
            result = run(connection, write.steps())
            if write.before_commit is not None:
                write.before_commit(result)
            return result

    def _commit_together(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Any]:
        with self._transaction(connection, writes):
            return [_outcome_in_shared_transaction(connection, write) for write in writes]

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> Generator[None]:
        deadline = _earliest_deadline(writes)
        with self._lock.held(deadline=deadline), _durable_unless(connection, all(write.may_be_lost for write in writes)):
            self._file.check_in_place()
            retry(lambda: try_begin(connection), deadline=deadline)
            try:
                yield
                connection.execute("COMMIT")
                # Between the first check and the COMMIT, the file may have been replaced.
                self._file.check_in_place()
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


@contextmanager
def _durable_unless(connection: sqlite3.Connection, may_be_lost: bool) -> Generator[None]:  # noqa: FBT001
    """Commit without waiting for the disk if all writes may be lost. The next durable COMMIT also makes them durable."""
    if not may_be_lost:
        yield
        return
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous=FULL")


def _outcome_in_shared_transaction(connection: sqlite3.Connection, write: Write) -> Any:
    """Return the outcome of one write; raise if it failed after it changed rows: only a rollback of all undoes that."""
    n_changes = connection.total_changes
    try:
        return run(connection, write.steps())
    except ShopError as error:
        if connection.total_changes > n_changes:
            raise
        return error


def _earliest_deadline(writes: Sequence[Write]) -> float:
    return min(write.deadline for write in writes)


def _is_storage_fault(error: Exception) -> bool:
    """Return whether an error, such as a full disk, concerns all transactions and not only one statement."""
    return isinstance(error, sqlite3.OperationalError) and code_of(error) != sqlite3.SQLITE_ERROR


def _outcome(function: Callable[..., T], *arguments: Any) -> T | Exception:
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - the caller of this piece of work receives it
        return error


def try_begin(connection: sqlite3.Connection) -> bool:
    """Begin to write; return False while another connection does."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
        return False
    return True
