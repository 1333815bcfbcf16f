"""A connection to the database file and its thread."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import aiosqlite

from domain.errors import StoreBusy, StoreUnavailable

T = TypeVar("T")
Mode = Literal["rwc", "ro", "ro&immutable=1"]
# At DEBUG, aiosqlite logs the text of every exception, which may contain personal data.
logging.getLogger("aiosqlite").setLevel(logging.WARNING)

PRAGMAS = (
    "foreign_keys=ON",
    "secure_delete=ON",
    "trusted_schema=OFF",
    "busy_timeout=5000",
    "cache_size=-65536",
    "wal_autocheckpoint=4000",
)


class Connection:
    """A connection that reconnects if its thread died: aiosqlite would wait for that thread forever.

    `inner` is the current connection of aiosqlite.
    """

    def __init__(self, path: Path, mode: Mode, *, prepare: Callable[[sqlite3.Connection], object] | None = None) -> None:
        self._location = f"file:{quote(str(path.absolute()))}?mode={mode}"
        self._prepare = prepare
        self._is_closed = False

    @property
    def is_alive(self) -> bool:
        # aiosqlite has no public way to see whether its thread still runs.
        return self.inner._thread.is_alive()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    async def open(self) -> None:
        """Connect and set up the connection; raise StoreBusy or StoreUnavailable if that fails."""
        try:
            inner = aiosqlite.connect(self._location, uri=True, isolation_level=None, cached_statements=256)
            # The process may end without `close`: an application that another one mounts is not told that the server stops.
            # Python would wait for any other thread for ever. What was acknowledged is committed by then.
            inner._thread.daemon = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            inner = await inner
            try:
                await _execute(inner, self._set_up)
            except BaseException:
                await inner.close()
                raise
        except sqlite3.Error as error:
            raise self.translate(error) from error
        self.inner = inner

    async def close(self) -> None:
        """Finish the calls that were made before and close; later calls raise StoreUnavailable."""
        self._is_closed = True
        if self.is_alive:
            await self.inner.close()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run `function(connection, *arguments)` in the thread; raise errors of SQLite as `translate` returns them.

        Do not call it concurrently: both calls could reconnect.
        """
        if not self._is_closed and not self.is_alive:
            await self.open()
            if self._is_closed:  # `close` was called while connecting.
                await self.inner.close()
        try:
            return await _execute(self.inner, function, *arguments)
        except (ValueError, sqlite3.Error) as error:
            translated = self.translate(error)
            raise translated from translated.__cause__

    def translate(self, error: Exception) -> Exception:
        """Return StoreBusy or StoreUnavailable for a fault of the storage, and `error` itself for a fault of the code."""
        match error:
            case sqlite3.OperationalError() if is_busy(error):
                translated = StoreBusy("The storage is busy.")
            case ValueError() | sqlite3.IntegrityError() | sqlite3.ProgrammingError() if not self._is_closed:
                return error
            case ValueError():
                translated = StoreUnavailable("The storage is closed.")
            case sqlite3.DatabaseError():
                translated = StoreUnavailable("The storage cannot be read or written.")
            case _:
                return error
        translated.__cause__ = error
        return translated

    def _set_up(self, connection: sqlite3.Connection) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if self._prepare:
            self._prepare(connection)


def is_busy(error: sqlite3.OperationalError) -> bool:
    return code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def code_of(error: sqlite3.OperationalError) -> int:
    """Return the primary result code, which is the low byte of an extended code.

    An error that Python raises itself, for text that is not UTF-8, has no code; it counts as a fault of the statement.
    """
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def cause_of(error: Exception) -> str:
    """Return the text of the underlying error, without a path."""
    cause = error.__cause__ or error
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)


async def _execute(connection: aiosqlite.Connection, function: Callable[..., T], *arguments: Any) -> T:
    # The private `_execute` is the only way to run a whole transaction as one message to the thread of the connection. If a
    # transaction were several awaits, a cancellation after BEGIN would leave a lock that blocks all other writers.
    return await connection._execute(function, connection._conn, *arguments)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
