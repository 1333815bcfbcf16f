"""One writer and a few readers per process."""

import asyncio
import errno
import logging
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import ConfigurationError, StoreBusy, StoreUnavailable
from infra.storage.sql.statements import Steps
from infra.storage.sqlite.batcher import Batcher
from infra.storage.sqlite.connection import Connection, Mode
from infra.storage.sqlite.migrations import check, migrate
from infra.storage.sqlite.transactions import Transactions, Write, look_up, on_snapshot
from infra.storage.sqlite.write_lock import WriteLock

T = TypeVar("T")
logger = logging.getLogger(__name__)

READERS = 2
BUSY_SECONDS = 5.0
SAFE_SQLITE = (3, 51, 3)
LOOK_UPS_TOGETHER = 64
WRITES_TOGETHER = 32


class Connections:
    """The open connections of one process to one database file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened = AsyncExitStack()
        self._writing = asyncio.Lock()
        self._readers: list[Connection] = []
        # A queue would let who comes late take a reader before one that has waited and is about to wake.
        self._reading = asyncio.Semaphore(READERS)
        self._look_ups: Batcher[Steps[Any]] = Batcher(self._reader, look_up, most=LOOK_UPS_TOGETHER)

    async def open(self) -> None:
        """Create or migrate the file and connect; raise ConfigurationError where that cannot be done."""
        if sqlite3.sqlite_version_info < SAFE_SQLITE:
            told = "SQLite %s is older than 3.51.3; a write lock stands in for its fix, nothing needs to be done."
            logger.warning(told, sqlite3.sqlite_version)
        try:
            _make_sure_of(self._path)
            await self._check()
            _make_private(self._path)
            self._lock = WriteLock(self._path)
            self._opened.callback(self._lock.close)
            self._transactions = Transactions(self._lock)
            self._writes: Batcher[Write] = Batcher(self._turn, self._transactions.commit, most=WRITES_TOGETHER)
            self._writer = await self._connected(Connection(self._path, "rwc", prepare=self._prepare))
            for _ in range(READERS):
                self._readers.append(await self._connected(Connection(self._path, "ro")))
            for gathering in (self._look_ups, self._writes):
                self._opened.push_async_callback(gathering.close)
        except (OSError, StoreUnavailable, StoreBusy) as error:
            await self.close()
            raise ConfigurationError(f"The database {self._path} cannot be used: {_cause_of(error)}.") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all connections, finishing what was handed to them; what comes later finds no storage."""
        await self._opened.aclose()

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run the steps of `transaction(...)` between BEGIN IMMEDIATE and COMMIT; return after they are durable.

        A caller that goes away does not stop it. What other callers write meanwhile may share its COMMIT.
        """
        steps = partial(transaction, *arguments, **named)
        return await self._writes.submit(Write(steps, until=time.monotonic() + BUSY_SECONDS))

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self.write(transaction, *arguments)

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self._look_ups.submit(reading(*arguments))

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        async with self._reader() as reader:
            return await reader.run(on_snapshot, reading(*arguments, **named))

    async def scrub(self) -> None:
        """Bring the write-ahead log into the file, which has zeros for what was deleted, and empty it.

        Raise StoreBusy while a reader, of this process or another, needs what the log had before.
        """
        await asyncio.shield(self._scrub())

    async def _scrub(self) -> None:
        async with self._turn() as writer:
            await writer.run(self._transactions.truncate, time.monotonic() + BUSY_SECONDS)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[Connection]:
        async with self._writing:
            yield self._writer

    @asynccontextmanager
    async def _reader(self) -> AsyncGenerator[Connection]:
        async with self._reading:
            reader = self._readers.pop()
            try:
                yield reader
            finally:
                self._readers.append(reader)

    async def _connected(self, connection: Connection) -> Connection:
        await connection.open()
        self._opened.push_async_callback(connection.close)
        return connection

    async def _check(self) -> None:
        """Raise where the file is no database or not ours, before anything is made beside it or changed in it.

        The first look takes it for one that nobody writes to, since any other makes files beside one in WAL mode. What it
        finds wrong with a file that is just being written, or has a log, is looked at again.
        """
        with suppress(StoreUnavailable):
            await self._look("ro&immutable=1")
            if not self._path.with_name(f"{self._path.name}-wal").exists():
                return
        await self._look("ro")

    async def _look(self, mode: Mode) -> None:
        connection = Connection(self._path, mode, prepare=check)
        await connection.open()
        await connection.close()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        with self._lock.held(until=time.monotonic() + BUSY_SECONDS):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            migrate(connection)
            # From here on a busy writer waits by jittered retries; readers meet a lock only while another process opens or
            # closes the file.
            connection.execute("PRAGMA busy_timeout=0")


def _cause_of(error: Exception) -> str:
    """Say what is behind an error, without the path, which is said already."""
    cause = error.__cause__ or error
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)


def _make_sure_of(path: Path) -> None:
    """Make the database file if it is not there, readable by its owner alone, which SQLite passes on to the files beside it.

    An existing file is looked at but not opened: closing it would drop the locks that SQLite holds on it in this process.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not path.exists():
        path.touch(mode=0o600)
    if not path.is_file():
        # Opening a pipe would wait for who writes there, and closing a device to others would take it from them.
        raise OSError(errno.EINVAL, "it is not a plain file")
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _make_private(path: Path) -> None:
    """Close what is there to all but its owner: it may be a copy, or older than this rule."""
    for file in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm", ".lock", ".turn"))):
        with suppress(FileNotFoundError):
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
                logger.warning("%s was open to others than its owner; now it is not.", file)
