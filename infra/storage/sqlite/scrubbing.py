"""Remove deleted data from the files of a database, page by page in short turns, between which other writers work."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from domain.errors import StoreBusy, StoreUnavailable
from infra.storage.sqlite.connection import Connection
from infra.storage.sqlite.database_file import DatabaseFile
from infra.storage.sqlite.transactions import try_begin
from infra.storage.sqlite.write_lock import WriteLock, retry

BUSY_SECONDS = 5.0
"""How long a reader, in this process or another, may keep the log from being emptied before a scrub gives up."""
TURN_SECONDS = 0.02
"""How long other writers wait in one turn for such a reader."""
PAGES_PER_TURN = 1000
MIN_PAGES_PER_TURN = 250
PAUSE_SHARE = 0.5
"""How long others write after a turn, in relation to its length. A longer pause makes the next turn longer: it has more to
clean."""


class LogPin:
    """A read transaction. While it is held, no frame that is written to the log can be overwritten there.

    It reads either from the log, which then is not reset; or from the file alone, and then no later frame is moved into the
    file. Until it is released, the log therefore names all pages that changed since (https://sqlite.org/walformat.html).
    """

    def __init__(self, path: Path) -> None:
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    def hold(self) -> None:
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()

    def release(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class Scrub:
    """One scrub: find the pages that may have unused bytes with deleted data, and zero these bytes in turns."""

    def __init__(self, lock: WriteLock, file: DatabaseFile, pin: LogPin) -> None:
        self._lock = lock
        self._file = file
        self._pin = pin
        self._suspects: set[int] = set()
        self._in_log: frozenset[int] = frozenset()

    def find(self) -> None:
        """Find the suspects while others write; read the whole file, unless the log has all changes since the last scrub."""
        self._file.check_in_place()
        self._pin.hold()
        # If the log is reset meanwhile, it names none of the pages that it had before.
        if self._file.generation() == (last := self._lock.note()):
            self._suspects.update(self._file.pages_in_log())
        if not last or self._file.generation() != last:
            self._suspects.update(self._file.scan())

    def clean_some(self, connection: sqlite3.Connection, *, deadline: float) -> bool | None:
        """Empty the log and zero the unused bytes of some pages; return whether no suspect is left.

        Pages that changed since the last turn become suspects again. Return None if a reader still needs the log.
        """
        with self._lock.held(deadline=deadline):
            self._file.check_in_place()
            try:
                retry(partial(self._try_empty_log, connection), deadline=time.monotonic() + TURN_SECONDS)
                is_done = self._zero(connection)
            except StoreBusy:
                is_done = None
            if not is_done:
                self._pin.hold()
            return is_done

    def _try_empty_log(self, connection: sqlite3.Connection) -> bool:
        """Begin a transaction on an empty log; return False if a reader needs the log, or another program wrote to it."""
        self._in_log = frozenset(self._file.pages_in_log())
        self._suspects |= self._in_log
        self._pin.release()
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] or not try_begin(connection):
            return False
        if self._file.is_log_empty():
            return True
        connection.execute("ROLLBACK")
        return False

    def _zero(self, connection: sqlite3.Connection) -> bool:
        """Zero all pages that were in the log, so that writers cannot outrun the scrub, and some of the others."""
        n_others = max(MIN_PAGES_PER_TURN, PAGES_PER_TURN - len(self._in_log))
        turn = self._in_log.union(sorted(self._suspects - self._in_log)[:n_others])
        try:
            self._file.zero_gaps(turn)
            self._suspects -= turn
            if self._suspects:
                connection.execute("ROLLBACK")
                return False
            # Pages in memory still have the zeroed bytes, and would be written with them.
            connection.execute("PRAGMA shrink_memory")
            # A change makes other processes drop their pages, and begins the log whose generation is remembered.
            (n_scrubs,) = connection.execute("PRAGMA application_id").fetchone()
            connection.execute(f"PRAGMA application_id={(n_scrubs + 1) % 2**31}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        self._lock.write_note(self._file.generation())
        return True


class Scrubber:
    """Runs the scrubs of a process, one at a time; calls of the same moment share one."""

    def __init__(
        self,
        path: Path,
        lock: WriteLock,
        file: DatabaseFile,
        lend_writer: Callable[[], AbstractAsyncContextManager[Connection]],
    ) -> None:
        self._path = path
        self._lock = lock
        self._file = file
        self._lend_writer = lend_writer
        self._is_scrubbing = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin_again_at = 0.0

    async def scrub(self) -> None:
        """Remove what is deleted by now; raise StoreBusy if a reader is in the way for too long, or StoreUnavailable."""
        if self._next is None:
            self._next = asyncio.create_task(self._scrub())
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        try:
            await asyncio.shield(self._next)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable("The storage cannot be read or written.") from error

    async def close(self) -> None:
        """Finish the scrubs that were asked for."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _scrub(self) -> None:
        async with self._is_scrubbing:
            # Meanwhile others write, and whoever asks shares this scrub.
            await asyncio.sleep(self._begin_again_at - time.monotonic())
            self._next = None  # What is deleted from here on needs another one.
            pin = LogPin(self._path)
            try:
                scrub = Scrub(self._lock, self._file, pin)
                await asyncio.to_thread(scrub.find)
                await self._take_turns(scrub)
            finally:
                pin.close()

    async def _take_turns(self, scrub: Scrub) -> None:
        """Clean until nothing is left, and leave the files to other writers after each turn."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            async with self._lend_writer() as writer:
                began = time.monotonic()
                is_done = await writer.run(partial(scrub.clean_some, deadline=began + BUSY_SECONDS))
                ended = time.monotonic()
            pause_seconds = (ended - began) * PAUSE_SHARE
            self._begin_again_at = ended + pause_seconds
            if is_done:
                return
            if is_done is not None:
                deadline = ended + BUSY_SECONDS
            elif ended >= deadline:
                raise StoreBusy("A reader needs an older state of the storage.")
            await asyncio.sleep(pause_seconds)
