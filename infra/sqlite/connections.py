"""One writer and a few readers per process; a transaction is run in a connection's own thread."""

import asyncio
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import aiosqlite

from domain.errors import StoreBusy, StoreUnavailable, Unusable
from infra.sql.statements import Steps
from infra.sqlite.dialect import run
from infra.sqlite.migrations import check, migrate
from infra.sqlite.write_lock import WriteLock, retry

T = TypeVar("T")
logger = logging.getLogger(__name__)
# At DEBUG it logs the text of every exception that goes through it.
logging.getLogger("aiosqlite").setLevel(logging.WARNING)

READERS = 2
BUSY_SECONDS = 5.0
SAFE_SQLITE = (3, 51, 3)

_PRAGMAS = (
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "busy_timeout=5000",
    "cache_size=-65536",
    "wal_autocheckpoint=4000",
)


class Connections:
    """The open connections of one process to one database file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = AsyncExitStack()
        self._readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._replacing = asyncio.Lock()
        self._is_closed = False

    async def open(self) -> None:
        """Create or migrate the file and connect; raise Unusable where that cannot be done."""
        if sqlite3.sqlite_version_info < SAFE_SQLITE:
            told = "SQLite %s is older than 3.51.3; a write lock stands in for its fix, nothing needs to be done."
            logger.warning(told, sqlite3.sqlite_version)
        try:
            _make_sure_of(self._path)
            await self._check()
            _make_private(self._path)
            self._lock = WriteLock(_beside(self._path, ".lock"))
            self._opened.callback(self._lock.close)
            self._writer = await self._connect_writer()
            for _ in range(READERS):
                self._readers.put_nowait(await self._connect("ro"))
        except (OSError, StoreUnavailable, StoreBusy) as error:
            await self.close()
            raise Unusable(f"The database {self._path} cannot be used: {_cause_of(error)}.") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all connections, finishing what was handed to them; what comes later finds no storage."""
        self._is_closed = True
        await self._opened.aclose()

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run the steps of `transaction(...)` between BEGIN IMMEDIATE and COMMIT; return after they are durable.

        A caller that goes away does not stop it: what has begun is finished.
        """
        await self._replace_dead_writer()
        until = time.monotonic() + BUSY_SECONDS
        return await asyncio.shield(self._run(self._writer, self._transact, until, transaction(*arguments, **named)))

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self.write(transaction, *arguments)

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._read(run, reading(*arguments))

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        return await self._read(_on_snapshot, reading(*arguments, **named))

    async def scrub(self) -> None:
        """Bring the write-ahead log into the file, which has zeros for what was deleted, and empty it.

        Raise StoreBusy while a reader, of this process or another, needs what the log had before.
        """
        await self._replace_dead_writer()
        await asyncio.shield(self._run(self._writer, self._truncate, time.monotonic() + BUSY_SECONDS))

    async def _read(self, how: Callable[[sqlite3.Connection, Steps[T]], T], steps: Steps[T]) -> T:
        reader = await self._readers.get()
        try:
            if self._needs_replacing(reader):
                reader = await self._connect("ro")
            return await self._run(reader, how, steps)
        finally:
            self._readers.put_nowait(reader)

    async def _run(self, connection: aiosqlite.Connection, function: Callable[..., T], *arguments: Any) -> T:
        # The one place that uses aiosqlite's private `_execute`: it is the only way to run a whole transaction as one
        # message to the connection's thread. Spread over awaits, a cancelled BEGIN leaves a lock that blocks everyone.
        try:
            return await connection._execute(function, connection._conn, *arguments)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        except ValueError as error:
            if self._is_closed:
                raise StoreUnavailable("The storage is closed.") from error
            raise
        except sqlite3.OperationalError as error:
            if _is_busy(error):
                raise StoreBusy("The storage is busy.") from error
            raise StoreUnavailable("The storage cannot be read or written.") from error
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError) and not self._is_closed:
                raise
            raise StoreUnavailable("The storage cannot be read or written.") from error

    async def _connect(self, mode: Literal["rwc", "ro"]) -> aiosqlite.Connection:
        location = f"file:{quote(str(self._path.absolute()))}?mode={mode}"
        connection = await aiosqlite.connect(location, uri=True, isolation_level=None, cached_statements=256)
        self._opened.push_async_callback(_close, connection)
        await self._run(connection, _configure)
        return connection

    async def _check(self) -> None:
        """Raise where the file is no database or not ours, before anything is made beside it or changed in it."""
        connection = await self._connect("ro")
        await self._run(connection, check)
        await connection.close()

    async def _connect_writer(self) -> aiosqlite.Connection:
        connection = await self._connect("rwc")
        await self._run(connection, self._prepare)
        return connection

    def _needs_replacing(self, connection: aiosqlite.Connection) -> bool:
        return not _lives(connection) and not self._is_closed

    async def _replace_dead_writer(self) -> None:
        if not self._needs_replacing(self._writer):
            return
        async with self._replacing:
            self._writer = await self._connect_writer() if self._needs_replacing(self._writer) else self._writer

    def _prepare(self, connection: sqlite3.Connection) -> None:
        until = time.monotonic() + BUSY_SECONDS
        with self._lock.held(until=until):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            migrate(connection)
            # From here on a busy writer waits by jittered retries; readers meet a lock only while another process opens or
            # closes the file.
            connection.execute("PRAGMA busy_timeout=0")

    def _truncate(self, connection: sqlite3.Connection, until: float) -> None:
        with self._lock.held(until=until):
            retry(lambda: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, until=until)

    def _transact(self, connection: sqlite3.Connection, until: float, steps: Steps[T]) -> T:
        with self._lock.held(until=until):
            retry(lambda: _begins(connection), until=until)
            try:
                result = run(connection, steps)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return result


def _lives(connection: aiosqlite.Connection) -> bool:
    """Tell whether a connection's thread is there; one that is dead answers nothing for ever."""
    return connection._thread.is_alive()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def _close(connection: aiosqlite.Connection) -> None:
    if _lives(connection):
        await connection.close()


def _configure(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begins(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error):
            raise
        return False
    return True


def _is_busy(error: sqlite3.OperationalError) -> bool:
    """Tell by the primary code, the low byte of the extended one that newer versions of SQLite give."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _cause_of(error: Exception) -> str:
    """Say what is behind an error, without the path, which is said already."""
    cause = error.__cause__ or error
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)


def _on_snapshot(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    connection.execute("BEGIN")
    try:
        return run(connection, steps)
    finally:
        connection.execute("COMMIT")


def _make_sure_of(path: Path) -> None:
    """Make the database file if it is not there, readable by its owner alone, which SQLite passes on to the files beside it.

    An existing file is looked at but not opened: closing it would drop the locks that SQLite holds on it in this process.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    path.touch(mode=0o600)
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _make_private(path: Path) -> None:
    """Close what is there to all but its owner: it may be a copy, or older than this rule."""
    for file in (path, *(_beside(path, ending) for ending in ("-wal", "-shm", ".lock"))):
        with suppress(FileNotFoundError):
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
                logger.warning("%s was open to others than its owner; now it is not.", file)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
