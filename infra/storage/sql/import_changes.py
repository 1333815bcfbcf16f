"""The journal of what imports replaced, from which `undo` restores it."""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain.records.amendments import BoughtOrder, Quantities
from infra.storage.sql.statements import Row, Steps, executemany, rows

_COLUMNS = "customer_id, import_id, order_id, occurred_at, before_import_id, before"
_LINE_FEED = "\n"
"""In front of the id of a return, as no id contains it."""


class StoredReturn(Struct, frozen=True, kw_only=True):
    """A return that was applied, with what it took from each order; `digest` is None if it must be applied again."""

    customer_id: str
    return_id: str
    occurred_at: int
    digest: bytes | None
    import_id: str | None
    order_id: str | None
    items: Quantities
    taken: dict[str, Quantities]


Before = BoughtOrder | StoredReturn
_encode = msgspec.json.Encoder().encode
_decode_order = msgspec.json.Decoder(BoughtOrder).decode
_decode_return = msgspec.json.Decoder(StoredReturn).decode


class Change(Struct, frozen=True, kw_only=True):
    """What `import_id` replaced; the customer is that of what was replaced."""

    import_id: str
    before: Before

    @property
    def record_id(self) -> str:
        return record_id(self.before)


def record_id(before: Before) -> str:
    return before.order_id if isinstance(before, BoughtOrder) else _LINE_FEED + before.return_id


def add(import_id: str | None, before: Before) -> Steps[None]:
    """Remember what an import replaces, unless the same import stored it, or replaced this record before."""
    if import_id is None or import_id == before.import_id:
        return
    yield from rows(
        f"INSERT INTO import_changes ({_COLUMNS}) VALUES"
        " (:customer_id, :import_id, :order_id, :occurred_at, :before_import_id, :before)"
        " ON CONFLICT (customer_id, import_id, order_id) DO NOTHING",
        customer_id=before.customer_id,
        import_id=import_id,
        order_id=record_id(before),
        occurred_at=before.occurred_at,
        before_import_id=before.import_id,
        before=_encode(before).decode(),
    )


def of_import(import_id: str, n: int) -> Steps[list[Change]]:
    """Read the first `n` changes of an import."""
    found = yield from rows(
        f"SELECT {_COLUMNS} FROM import_changes WHERE import_id = :import_id ORDER BY customer_id, order_id LIMIT :n",
        import_id=import_id,
        n=n,
    )
    return [_change(row) for row in found]


def of_replaced(import_id: str, n: int) -> Steps[list[Change]]:
    """Read the first `n` changes that replaced what an import stored."""
    found = yield from rows(
        f"SELECT {_COLUMNS} FROM import_changes WHERE before_import_id = :import_id ORDER BY customer_id, order_id LIMIT :n",
        import_id=import_id,
        n=n,
    )
    return [_change(row) for row in found]


def later_than(change: Change) -> Steps[Change | None]:
    """Return the change that replaced what the import of `change` stored instead, None if that is what is stored."""
    found = yield from rows(
        f"SELECT {_COLUMNS} FROM import_changes WHERE before_import_id = :import_id AND order_id = :order_id",
        import_id=change.import_id,
        order_id=change.record_id,
    )
    # An order may change its customer, but a return id is unique for its customer only.
    changes = [_change(row) for row in found]
    is_order = isinstance(change.before, BoughtOrder)
    return next((one for one in changes if is_order or one.before.customer_id == change.before.customer_id), None)


def remove(change: Change) -> Steps[None]:
    yield from rows(
        "DELETE FROM import_changes WHERE customer_id = :customer_id AND import_id = :import_id AND order_id = :order_id",
        customer_id=change.before.customer_id,
        import_id=change.import_id,
        order_id=change.record_id,
    )


def of_customer(customer_id: str) -> Steps[list[Before]]:
    """Read what imports replaced of a customer, oldest first."""
    found = yield from rows(
        f"SELECT {_COLUMNS} FROM import_changes WHERE customer_id = :customer_id ORDER BY occurred_at, import_id, order_id",
        customer_id=customer_id,
    )
    return [_change(row).before for row in found]


def rename_customer(before: str, after: str) -> Steps[None]:
    """Let what imports replaced of a customer be of another, whose own records stay first."""
    found = yield from rows(f"SELECT {_COLUMNS} FROM import_changes WHERE customer_id = :before", before=before)
    shared = yield from rows(
        f"SELECT {', '.join(f'own.{name}' for name in _COLUMNS.split(', '))} FROM import_changes own"
        " JOIN import_changes other ON other.import_id = own.import_id AND other.order_id = own.order_id"
        " WHERE own.customer_id = :after AND other.customer_id = :before",
        before=before,
        after=after,
    )
    own = {(change.import_id, change.record_id): change.before for change in map(_change, shared)}
    yield from rows("DELETE FROM import_changes WHERE customer_id = :before", before=before)
    yield from executemany(
        f"INSERT INTO import_changes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (customer_id, import_id, order_id) DO UPDATE SET before = excluded.before",
        [_row(change, after, own.get((change.import_id, change.record_id))) for change in map(_change, found)],
    )


def _row(change: Change, customer_id: str, own: Before | None) -> Row:
    """Return the row of a change of another customer; `own` is what the same import replaced of the customer itself."""
    before = own or replace(change.before, customer_id=customer_id)
    if isinstance(own, StoredReturn) and isinstance(change.before, StoredReturn):
        before = replace(own, taken=change.before.taken | own.taken)
    content = _encode(before).decode()
    return customer_id, change.import_id, change.record_id, before.occurred_at, before.import_id, content


def _change(row: Row) -> Change:
    _, import_id, order_id, _, _, before = row
    decode = _decode_return if order_id.startswith(_LINE_FEED) else _decode_order
    return Change(import_id=import_id, before=decode(before))
