"""Sort event lines on disk, which groups the lines of one order however large the files are."""

import hashlib
import sqlite3
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import get_type_hints

import msgspec

from domain.records.interactions import BrowsingEvent, CustomerEvent, OrderItem, Purchase
from infra.ingest.report import Place
from infra.ingest.rows import EventRow, RowRefused

MAX_ORDER_LINES = 1000
CHUNK_LINES = 5000
_encode = msgspec.msgpack.Encoder().encode
# Staged rows are valid: decoding them without the constraints of their types is four times as fast.
_StagedRow: type[EventRow] = msgspec.defstruct("_StagedRow", get_type_hints(EventRow).items(), kw_only=True)  # pyright: ignore[reportAssignmentType]
_decode = msgspec.msgpack.Decoder(_StagedRow).decode


class Staging:
    """Accept lines in any order; return events, each with the places of its lines."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pending: list[tuple[bool, bytes, int, int, bytes]] = []
        self.n_lines = 0
        connection.execute("CREATE TABLE staged (is_order_line INTEGER, key BLOB, file INTEGER, line INTEGER, row BLOB)")

    @classmethod
    @contextmanager
    def open(cls) -> Generator["Staging"]:
        """Stage in a temporary file, deleted at the end; it needs no durability, since a crashed import starts anew."""
        with tempfile.TemporaryDirectory(prefix="import-") as folder:
            connection = sqlite3.connect(Path(folder) / "staged.db", isolation_level=None)
            try:
                connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;")
                yield cls(connection)
            finally:
                connection.close()

    def add(self, place: Place, row: EventRow) -> None:
        packed = _encode(row)
        is_order_line = row.event_type == "purchase" and row.order_id is not None
        key = (row.order_id or "").encode() if is_order_line else _line_key(row, packed)
        self._pending.append((is_order_line, key, *place, packed))
        self.n_lines += 1
        if len(self._pending) >= CHUNK_LINES:
            self._flush()

    def events(self) -> Iterator[tuple[CustomerEvent | RowRefused, list[Place]]]:
        """Yield each event, or RowRefused for lines that do not form one order, with the places of its lines."""
        self._flush()
        previous_key, n_repeated = b"", 0
        for key, file, line, row in self._sorted(is_order_line=False):
            n_repeated = n_repeated + 1 if key == previous_key else 0
            previous_key = key
            yield _event_of(_decode(row), key=key, n_repeated=n_repeated), [(file, line)]
        for _, group in groupby(self._sorted(is_order_line=True), key=itemgetter(0)):
            yield from _order_with_places(((file, line), _decode(row)) for _, file, line, row in group)

    def _sorted(self, *, is_order_line: bool) -> Iterator[tuple[bytes, int, int, bytes]]:
        return self._connection.execute(
            "SELECT key, file, line, row FROM staged WHERE is_order_line = ? ORDER BY key, file, line", [is_order_line]
        )

    def _flush(self) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", self._pending)
        self._connection.execute("COMMIT")
        self._pending.clear()


def _event_of(row: EventRow, *, key: bytes, n_repeated: int) -> CustomerEvent:
    """Return the event of one line; a missing id is derived from its key and the number of identical lines before it."""
    derived_id = (key[:4] + _digest(key + str(n_repeated).encode())[:12] if n_repeated else key).hex()
    if row.event_type != "purchase":
        return BrowsingEvent(
            customer_id=row.customer_id,
            product_id=row.product_id,
            event_type=row.event_type,
            occurred_at=row.occurred_at,
            event_id=row.event_id or derived_id,
        )
    # Event ids and order ids are two namespaces: the order of a line must not take the line's event id.
    order_id = _digest(b"event " + row.event_id.encode()).hex() if row.event_id else derived_id
    return _purchase([row], order_id=order_id)


def _order_with_places(
    order_lines: Iterator[tuple[Place, EventRow]],
) -> Iterator[tuple[CustomerEvent | RowRefused, list[Place]]]:
    """Yield one order with its places; refuse line by line an order of too many lines, such as a shop's "guest" order."""
    lines = list(islice(order_lines, MAX_ORDER_LINES + 1))
    order = _order([row for _, row in lines])
    yield order, [place for place, _ in lines]
    if isinstance(order, RowRefused):
        for place, _ in order_lines:
            yield order, [place]


def _order(rows: list[EventRow]) -> CustomerEvent | RowRefused:
    """Return the order of some lines; refuse too many lines, or several customers or currencies."""
    if len(rows) > MAX_ORDER_LINES:
        return RowRefused("order_id", f"Expected at most {MAX_ORDER_LINES} lines in an order")
    for field in ("customer_id", "currency"):
        if len({getattr(row, field) for row in rows}) > 1:
            return RowRefused(field, "Expected to be the same in all lines of an order")
    return _purchase(rows, order_id=rows[0].order_id)


def _purchase(rows: list[EventRow], *, order_id: str | None) -> Purchase:
    return Purchase(
        customer_id=rows[0].customer_id,
        order_id=order_id,
        currency=rows[0].currency,
        occurred_at=min((row.occurred_at for row in rows if row.occurred_at is not None), default=None),
        items=tuple(OrderItem(product_id=row.product_id, quantity=row.quantity, unit_price=row.unit_price) for row in rows),
    )


def _line_key(row: EventRow, packed: bytes) -> bytes:
    """Return a key of customer, then content; ids with a common prefix per customer are close together in the indexes."""
    return _customer_prefix(row.customer_id) + _digest(packed)[:12]


@lru_cache(maxsize=65_536)
def _customer_prefix(customer_id: str) -> bytes:
    return _digest(customer_id.encode())[:4]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
