"""Sort the lines of an import on disk, which groups them by order, product or customer however long the files are."""

import hashlib
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from domain.errors import ConfigurationError
from domain.records.imports import OrderReturn
from infra.ingest.lines import EventLine
from infra.ingest.orders import MAX_ORDER_LINES
from infra.ingest.temporary import temporary_folder

Place = tuple[int, int]
"""The index of a file in the command, and the number of a line in it."""

CHUNK_LINES = 5000
MAX_RECORD_LINES = 10_000
"""Further lines of one product or customer are not looked at, which bounds the memory."""
_EVENT, _ORDER_LINE, _RECORD = range(3)

T = TypeVar("T")

_encode = msgspec.msgpack.Encoder().encode
_decode_line = msgspec.msgpack.Decoder(EventLine).decode
_decode_record = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_return = msgspec.msgpack.Decoder(tuple[OrderReturn, list[Place]]).decode


class Staging:
    """Accept lines in any order; return them in groups, each with the places of its lines."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pending: list[tuple[int, bytes, int, int, bytes]] = []
        self.n_lines = 0
        connection.execute("CREATE TABLE staged (kind INTEGER, key BLOB, file INTEGER, line INTEGER, content BLOB)")
        connection.execute("CREATE TABLE returns (occurred_at INTEGER, content BLOB)")

    @classmethod
    @contextmanager
    def open(cls) -> Generator["Staging"]:
        """Stage in a temporary file; it needs no durability, since a crashed import starts anew."""
        with temporary_folder() as folder:
            connection = sqlite3.connect(Path(folder) / "staged.db", isolation_level=None)
            try:
                connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;")
                yield cls(connection)
            except sqlite3.OperationalError as error:
                # The store has errors of its own, so this one is of the temporary file.
                raise ConfigurationError(
                    f"Temporary files in {folder.parent} cannot be written or read: {error}."
                    " Free some space, or name another folder with TMPDIR."
                ) from error
            finally:
                connection.close()

    def add_line(self, place: Place, line: EventLine) -> None:
        """Stage a line of an order, or an event of its own."""
        if line.order_id is None and (line.event_type != "purchase" or line.event_id is None):
            self._add(_EVENT, _event_key(line), place, _encode(line))
        else:
            self._add(_ORDER_LINE, _order_key(line), place, _encode(line))

    def add_record(self, place: Place, key: str, fields: dict[str, Any]) -> None:
        """Stage the fields of a product or a customer."""
        self._add(_RECORD, key.encode(), place, _encode(fields))

    def add_return(self, returned: OrderReturn, places: list[Place]) -> None:
        """Put off a return until all orders are stored."""
        at = 0 if returned.occurred_at is None else returned.occurred_at.timestamp()
        self._connection.execute("INSERT INTO returns VALUES (?, ?)", (at, _encode((returned, places))))

    def events(self) -> Iterator[tuple[EventLine, str | None, Place]]:
        """Yield each event of its own with an id made from its meaning, which is None for a line that another file repeats.

        Equal lines of one file are different events; the equal lines of another file are the same ones.
        """
        for key, rows in groupby(self._sorted(_EVENT), key=itemgetter(0)):
            n_events, n_of_file, previous = 0, 0, -1
            for _, file, line, content in rows:
                n_of_file = n_of_file + 1 if file == previous else 1
                previous = file
                is_new = n_of_file > n_events
                n_events += is_new
                yield _decode_line(content), _derived_id(key, n_of_file - 1) if is_new else None, (file, line)

    def orders(self) -> Iterator[tuple[list[EventLine], list[Place], bool]]:
        """Yield the lines of each order, and whether there are too many of them; these come in several parts."""
        for _, rows in groupby(self._sorted(_ORDER_LINE), key=itemgetter(0)):
            is_too_long = False
            for part in _parts(rows, MAX_ORDER_LINES + 1):
                is_too_long = is_too_long or len(part) > MAX_ORDER_LINES
                yield [_decode_line(content) for *_, content in part], [row[1:3] for row in part], is_too_long

    def records(self) -> Iterator[tuple[list[dict[str, Any]], list[Place]]]:
        """Yield the fields of the first lines of each product or customer, and the places of all its lines."""
        for _, rows in groupby(self._sorted(_RECORD), key=itemgetter(0)):
            lines: list[dict[str, Any]] = []
            places: list[Place] = []
            for _, file, line, content in rows:
                places.append((file, line))
                if len(lines) < MAX_RECORD_LINES:
                    lines.append(_decode_record(content))
            yield lines, places

    def record_keys(self) -> frozenset[str]:
        """Return the ids of all products or customers."""
        self._flush()
        rows = self._connection.execute("SELECT DISTINCT key FROM staged WHERE kind = ?", [_RECORD])
        return frozenset(key.decode() for (key,) in rows)

    def returns(self) -> Iterator[tuple[OrderReturn, list[Place]]]:
        """Yield the returns that were put off, oldest first."""
        for (content,) in self._connection.execute("SELECT content FROM returns ORDER BY occurred_at, rowid"):
            yield _decode_return(content)

    def _add(self, kind: int, key: bytes, place: Place, content: bytes) -> None:
        self._pending.append((kind, key, *place, content))
        self.n_lines += 1
        if len(self._pending) >= CHUNK_LINES:
            self._flush()

    def _sorted(self, kind: int) -> Iterator[tuple[bytes, int, int, bytes]]:
        self._flush()
        return self._connection.execute(
            "SELECT key, file, line, content FROM staged WHERE kind = ? ORDER BY key, file, line", [kind]
        )

    def _flush(self) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", self._pending)
        self._connection.execute("COMMIT")
        self._pending.clear()


def _parts(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    while part := list(islice(rows, size)):
        yield part


def _event_key(line: EventLine) -> bytes:
    """Return a key of what an event means; keys with a common prefix per customer are close together in the indexes."""
    customer = line.customer_id or line.email or line.anonymous_id or ""
    meaning = (
        f"{customer}\0{line.product_id}\0{line.event_type}\0{line.occurred_at}\0{line.event_id or ''}\0{line.quantity < 0}"
    )
    return _customer_prefix(customer) + _digest(meaning.encode())[:12]


def _order_key(line: EventLine) -> bytes:
    """Return the key of an order, of one event that takes an order back, or of a purchase that has only an event id."""
    if line.order_id is None:
        return b"e" + (line.event_id or "").encode()
    order_id = line.order_id.encode()
    if line.event_type != "return":
        return b"o" + order_id
    return b"r" + order_id + f"\0{line.event_id or line.occurred_at}".encode()


def _derived_id(key: bytes, number: int) -> str:
    return (key[:4] + _digest(key + str(number).encode())[:12] if number else key).hex()


@lru_cache(maxsize=65_536)
def _customer_prefix(customer_id: str) -> bytes:
    return _digest(customer_id.encode())[:4]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
