"""One connection to the database file, and the thread in which everything on it is done."""

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
# At DEBUG it logs the text of every exception that goes through it.
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
    """A connection that is made anew where its thread is dead, since that answers nothing for ever."""

    def __init__(self, path: Path, mode: Mode, *, prepare: Callable[[sqlite3.Connection], object] | None = None) -> None:
        self._location = f"file:{quote(str(path.absolute()))}?mode={mode}"
        self._prepare = prepare
        self._is_closed = False

    async def open(self) -> None:
        """Connect; raise StoreBusy or StoreUnavailable where that cannot be done."""
        try:
            opened = await aiosqlite.connect(self._location, uri=True, isolation_level=None, cached_statements=256)
            try:
                await _execute(opened, self._set_up)
            except BaseException:
                await opened.close()
                raise
        except sqlite3.Error as error:
            raise self.translate(error) from error
        self._inner = opened

    async def close(self) -> None:
        """Finish what was handed to it; what comes later finds no storage."""
        self._is_closed = True
        if _lives(self._inner):
            await self._inner.close()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run `function(connection, *arguments)` in the thread; raise what `translate` says of SQLite's faults.

        One caller at a time: two could both make the connection anew.
        """
        if not _lives(self._inner) and not self._is_closed:
            await self.open()
            if self._is_closed:  # Meanwhile.
                await self._inner.close()
        try:
            return await _execute(self._inner, function, *arguments)
        except (ValueError, sqlite3.Error) as error:
            translate = self.translate(error)
            raise translate from translate.__cause__

    def translate(self, error: Exception) -> Exception:
        """Say a fault of SQLite in our terms, StoreBusy or StoreUnavailable; a fault of the code stays what it is."""
        match error:
            case sqlite3.OperationalError() if is_busy(error):
                translate = StoreBusy("The storage is busy.")
            case ValueError() | sqlite3.IntegrityError() | sqlite3.ProgrammingError() if not self._is_closed:
                return error
            case ValueError():
                translate = StoreUnavailable("The storage is closed.")
            case sqlite3.DatabaseError():
                translate = StoreUnavailable("The storage cannot be read or written.")
            case _:
                return error
        translate.__cause__ = error
        return translate

    def _set_up(self, connection: sqlite3.Connection) -> None:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if self._prepare:
            self._prepare(connection)


def is_busy(error: sqlite3.OperationalError) -> bool:
    return code_of(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def code_of(error: sqlite3.OperationalError) -> int:
    """Return the primary code, the low byte of the extended one that newer versions of SQLite give.

    What Python finds, a text that is not UTF-8, has none; it is a fault of the statement that read it.
    """
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


async def _execute(connection: aiosqlite.Connection, function: Callable[..., T], *arguments: Any) -> T:
    # The one place that uses aiosqlite's private `_execute`: it is the only way to run a whole transaction as one message
    # to the connection's thread. Spread over awaits, a cancelled BEGIN leaves a lock that blocks everyone.
    return await connection._execute(function, connection._conn, *arguments)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _lives(connection: aiosqlite.Connection) -> bool:
    return connection._thread.is_alive()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
