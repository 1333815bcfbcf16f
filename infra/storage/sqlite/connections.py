"""The connections of one process to a SQLite file: one writer and a few readers."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from domain.errors import ConfigurationError, StoreBusy, StoreUnavailable
from infra.storage.sql.engine import Prepare
from infra.storage.sql.statements import Steps
from infra.storage.sqlite import erasure_record
from infra.storage.sqlite.batcher import Batcher
from infra.storage.sqlite.connection import Connection, Mode, cause_of
from infra.storage.sqlite.database_file import DatabaseFile
from infra.storage.sqlite.dialect import run
from infra.storage.sqlite.files import create_if_missing, restrict_to_owner
from infra.storage.sqlite.migrations import check, migrate
from infra.storage.sqlite.scrubbing import Scrubber
from infra.storage.sqlite.transactions import Transactions, Write, look_up, read_snapshot
from infra.storage.sqlite.write_lock import WriteLock

T = TypeVar("T")
logger = logging.getLogger(__name__)

READERS = 2
BUSY_SECONDS = 5.0
WATCH_SECONDS = 0.5
SAFE_SQLITE = (3, 51, 3)
MAX_LOOK_UPS_PER_BATCH = 64
MAX_WRITES_PER_COMMIT = 32


class Connections:
    """The open connections of one process to one database file.

    `file`, `writer` and `readers` are open; `writes` and `look_ups` are the batchers in front of the connections.
    """

    def __init__(self, path: Path) -> None:
        self.readers: list[Connection] = []
        self.look_ups: Batcher[Steps[Any]] = Batcher(self.lend_reader, look_up, max_batch_size=MAX_LOOK_UPS_PER_BATCH)
        self._path = path
        self._exit_stack = AsyncExitStack()
        self._writer_is_lent = asyncio.Lock()
        # A semaphore serves callers in order. With a queue, a new caller could overtake one that is about to wake up.
        self._free_readers = asyncio.Semaphore(READERS)

    async def open(self) -> None:
        """Create or migrate the file and connect to it; raise ConfigurationError if it cannot be used."""
        log_old_sqlite(sqlite3.sqlite_version_info)
        try:
            create_if_missing(self._path)
            await self._check()
            restrict_to_owner(self._path)
            self.file = DatabaseFile(self._path)
            self._exit_stack.callback(self.file.close)
            self._lock = WriteLock(self._path)
            self._exit_stack.callback(self._lock.close)
            self._transactions = Transactions(self._lock, self.file)
            self._scrubber = Scrubber(self._path, self._lock, self.file, self.lend_writer)
            self.writes: Batcher[Write] = Batcher(
                self.lend_writer, self._transactions.commit, max_batch_size=MAX_WRITES_PER_COMMIT
            )
            self.writer = await self._opened(Connection(self._path, "rwc", prepare=self._prepare_writer))
            self.file.remember_log()
            for _ in range(READERS):
                self.readers.append(await self._opened(Connection(self._path, "ro")))
            for batcher in (self.look_ups, self.writes):
                self._exit_stack.push_async_callback(batcher.close)
            self._exit_stack.push_async_callback(self._scrubber.close)
            self._watch = asyncio.create_task(self._watch_file())
            self._exit_stack.push_async_callback(self._stop_watching)
        except (OSError, StoreUnavailable, StoreBusy) as error:
            await self.close()
            raise ConfigurationError(f"The database {self._path} cannot be used: {cause_of(error)}.") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish the submitted work and close all connections; later calls raise StoreUnavailable."""
        await self._exit_stack.aclose()

    async def write(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        """Run the steps of `transaction(...)` between BEGIN IMMEDIATE and COMMIT; return after they are durable.

        The transaction completes even if the caller is cancelled. It may share its COMMIT with other transactions.
        """
        return await self.writes.submit(Write(partial(transaction, *arguments, **named), deadline=_deadline()))

    async def write_while(
        self, prepare: Prepare[T], transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any
    ) -> T:
        loop = asyncio.get_running_loop()
        early: asyncio.Future[tuple[T, ...]] = loop.create_future()
        written = self.writes.submit(
            Write(
                partial(transaction, *arguments, **named),
                deadline=_deadline(),
                before_commit=lambda result: loop.call_soon_threadsafe(_resolve, early, (result,)),
            )
        )
        written.add_done_callback(lambda _: _resolve(early, ()))
        results: tuple[T, ...] = ()
        try:
            results = await early
            for result in results:
                await prepare(result)
        finally:
            final = await written
        if not results:
            await prepare(final)
        return final

    async def write_unchecked(self, transaction: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        write = Write(partial(transaction, *arguments, **named), deadline=time.monotonic() + BUSY_SECONDS)
        return await asyncio.shield(self._write_unchecked(write))

    async def _write_unchecked(self, write: Write) -> Any:
        async with self.lend_writer() as writer:
            return await writer.run(self._transactions.commit_unchecked, write)

    async def put(self, transaction: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self.writes.submit(Write(partial(transaction, *arguments), deadline=_deadline(), may_be_lost=True))

    async def look_up(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        return await self.look_ups.submit(reading(*arguments))

    async def read(self, reading: Callable[..., Steps[T]], *arguments: Any, **named: Any) -> T:
        async with self.lend_reader() as reader:
            return await reader.run(read_snapshot, self.file, reading(*arguments, **named))

    async def record_erasure(self, key: bytes, id_hashes: Sequence[str]) -> None:
        try:
            await asyncio.to_thread(erasure_record.append, self._path, key, id_hashes)
        except OSError as error:
            raise StoreUnavailable("The erasure cannot be recorded.") from error

    async def read_anew(self, reading: Callable[..., Steps[T]], *arguments: Any) -> T:
        """Read with a new connection, whose cache is empty; raise StoreUnavailable if the file was removed or replaced.

        The open connections would go on reading and writing such a file, which no longer has a name.
        """
        self.file.check_in_place()
        connection = Connection(self._path, "ro")
        await connection.open()
        try:
            return await connection.run(run, reading(*arguments))
        finally:
            await connection.close()

    async def scrub(self) -> None:
        """Move the write-ahead log into the file, truncate the log, and zero all unused bytes of the file.

        Raise StoreBusy while a reader, in this process or another, still needs an older state from the log.
        """
        await self._scrubber.scrub()

    async def _watch_file(self) -> None:
        """Log within a second that the file was deleted or replaced, also while nobody reads or writes."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            with suppress(StoreUnavailable):
                self.file.check_in_place()

    async def _stop_watching(self) -> None:
        self._watch.cancel()
        await asyncio.wait([self._watch])

    @asynccontextmanager
    async def lend_writer(self) -> AsyncGenerator[Connection]:
        async with self._writer_is_lent:
            yield self.writer

    @asynccontextmanager
    async def lend_reader(self) -> AsyncGenerator[Connection]:
        async with self._free_readers:
            reader = self.readers.pop()
            try:
                yield reader
            finally:
                self.readers.append(reader)

    async def _opened(self, connection: Connection) -> Connection:
        await connection.open()
        self._exit_stack.push_async_callback(connection.close)
        return connection

    async def _check(self) -> None:
        """Raise if the file is no database or belongs to another program, without changing it or creating files beside it.

        The file is first opened as immutable, because any other way to open a file in WAL mode creates files beside it. An
        immutable file is read without its log and without locks; so a file that has a log, or that fails this check because
        another process is writing to it, is checked again in the normal way.
        """
        with suppress(StoreUnavailable):
            await self._check_as("ro&immutable=1")
            if not self._path.with_name(f"{self._path.name}-wal").exists():
                return
        await self._check_as("ro")

    async def _check_as(self, mode: Mode) -> None:
        connection = Connection(self._path, mode, prepare=check)
        await connection.open()
        await connection.close()

    def _prepare_writer(self, connection: sqlite3.Connection) -> None:
        with self._lock.held(deadline=time.monotonic() + BUSY_SECONDS):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            migrate(connection)
            erasure_record.begin(self._path, connection)
            # From here on, `retry` waits instead of SQLite. Readers keep the timeout: they meet a lock only while another
            # process opens or closes the file.
            connection.execute("PRAGMA busy_timeout=0")


def _deadline() -> float:
    return time.monotonic() + BUSY_SECONDS


def _resolve(early: asyncio.Future[tuple[T, ...]], results: tuple[T, ...]) -> None:
    if not early.done():
        early.set_result(results)


@cache
def log_old_sqlite(version: tuple[int, ...]) -> None:
    """Log once per process if this SQLite has the bug that SAFE_SQLITE fixes."""
    if version < SAFE_SQLITE:
        logger.info(
            "SQLite %s has a rare bug, fixed in 3.51.3, that the write lock of this application avoids.",
            ".".join(map(str, version)),
        )
