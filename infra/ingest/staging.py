"""Lines of events, sorted on disk so that what belongs together comes together, whatever the size of the files."""

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
from infra.ingest.rows import EventRow, RowRefused

MAX_ORDER_LINES = 1000
_CHUNK = 5000
_encode = msgspec.msgpack.Encoder().encode
# What was staged is valid, so that it is read back by its plain types: four times as fast.
_StagedRow: type[EventRow] = msgspec.defstruct("_StagedRow", get_type_hints(EventRow).items(), kw_only=True)  # pyright: ignore[reportAssignmentType]
_decode = msgspec.msgpack.Decoder(_StagedRow).decode

Place = tuple[int, int]
"""A file's number in the command, and a line of it."""


class Staging:
    """Put lines in, in any order; get events out, each with the lines that it is made of."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._pending: list[tuple[bool, bytes, int, int, bytes]] = []
        self.n_lines = 0
        connection.execute("CREATE TABLE staged (is_order_line INTEGER, key BLOB, file INTEGER, line INTEGER, row BLOB)")

    @classmethod
    @contextmanager
    def opened(cls) -> Generator["Staging"]:
        """Stage in a temporary file that goes with the block; a crash of the machine costs nothing but the file."""
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
        if len(self._pending) >= _CHUNK:
            self._flush()

    def events(self) -> Iterator[tuple[CustomerEvent | RowRefused, list[Place]]]:
        """Yield each event with its lines; RowRefused where the lines of one order do not make one."""
        self._flush()
        before, number = b"", 0
        for key, file, line, row in self._sorted(is_order_line=False):
            number = number + 1 if key == before else 0
            before = key
            yield _single(_decode(row), key=key, number=number), [(file, line)]
        for _, group in groupby(self._sorted(is_order_line=True), key=itemgetter(0)):
            yield from _orders(((file, line), _decode(row)) for _, file, line, row in group)

    def _sorted(self, *, is_order_line: bool) -> Iterator[tuple[bytes, int, int, bytes]]:
        return self._connection.execute(
            "SELECT key, file, line, row FROM staged WHERE is_order_line = ? ORDER BY key, file, line", [is_order_line]
        )

    def _flush(self) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO staged VALUES (?, ?, ?, ?, ?)", self._pending)
        self._connection.execute("COMMIT")
        self._pending.clear()


def _single(row: EventRow, *, key: bytes, number: int) -> CustomerEvent:
    """Make an event of one line; without an id it gets one from its key and its number among identical lines."""
    derived = (key[:4] + _digest(key + str(number).encode())[:12] if number else key).hex()
    if row.event_type != "purchase":
        return BrowsingEvent(
            customer_id=row.customer_id,
            product_id=row.product_id,
            event_type=row.event_type,
            occurred_at=row.occurred_at,
            event_id=row.event_id or derived,
        )
    # Ids of events and of orders are two namespaces, so an order must not simply take over the id of its line.
    order_id = _digest(b"event " + row.event_id.encode()).hex() if row.event_id else derived
    return _purchase([row], order_id=order_id)


def _orders(staged: Iterator[tuple[Place, EventRow]]) -> Iterator[tuple[CustomerEvent | RowRefused, list[Place]]]:
    """Make one order of its lines; one that is too long (a shop's "guest", say) is refused without being gathered."""
    lines = list(islice(staged, MAX_ORDER_LINES + 1))
    order = _order([row for _, row in lines])
    yield order, [place for place, _ in lines]
    if isinstance(order, RowRefused):
        for place, _ in staged:
            yield order, [place]


def _order(rows: list[EventRow]) -> CustomerEvent | RowRefused:
    """Make one order of its lines, which may stand anywhere in the files and differ in nothing that an order has once."""
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
    """Sort lines by customer and then by content, as ids that begin so keep storage's indexes close together."""
    return _beginning(row.customer_id) + _digest(packed)[:12]


@lru_cache(maxsize=65_536)
def _beginning(customer_id: str) -> bytes:
    return _digest(customer_id.encode())[:4]


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
