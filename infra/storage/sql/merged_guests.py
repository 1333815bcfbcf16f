"""The ids of merged guests, each of which stands for a customer.

They are looked up only where the row of a customer is missing: other customers cost no statement more. There are no chains:
a merged guest has no row, nobody is merged into a guest, and the guests of one who is merged go along.
"""

from collections.abc import Collection

from domain.errors import CustomerNotFound
from domain.records.guests import MergedGuest, MovedRecords
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql.statements import Row, Steps, one_or_none, rows

_COLUMNS = "guest_id, customer_id, merged_at, browsing, purchases, returns, addresses"


def row_of(statement: str, customer_id: str) -> Steps[Row]:
    """Return the row of a customer that `statement` reads by `:customer_id`, or of the customer a guest was merged into.

    Raise CustomerNotFound.
    """
    row = yield from one_or_none(statement, customer_id=customer_id)
    if row is None and (merged := (yield from read(customer_id))) is not None:
        row = yield from one_or_none(statement, customer_id=merged.customer_id)
    if row is None:
        raise CustomerNotFound(customer_id)
    return row


def read(guest_id: str) -> Steps[MergedGuest | None]:
    found = yield from rows(f"SELECT {_COLUMNS} FROM merged_guests WHERE guest_id = :guest_id", guest_id=guest_id)
    return _merged(found[0]) if found else None


def of_customer(customer_id: str) -> Steps[list[MergedGuest]]:
    """Read the guests that were merged into a customer, oldest merge first."""
    found = yield from rows(
        f"SELECT {_COLUMNS} FROM merged_guests WHERE customer_id = :customer_id ORDER BY merged_at, guest_id",
        customer_id=customer_id,
    )
    return [_merged(row) for row in found]


def same_person(customer_id: str) -> Steps[list[str]]:
    """Return all ids of the person whom an id names, also of somebody who is not known (any more)."""
    merged = yield from read(customer_id)
    stored_id = merged.customer_id if merged else customer_id
    return [stored_id, *(one.guest_id for one in (yield from of_customer(stored_id)))]


def customers_by_guest(customer_ids: Collection[str]) -> Steps[dict[str, str]]:
    """Return the customers of those ids that are merged guests."""
    return dict(
        (
            yield from rows(
                "SELECT guest_id, customer_id FROM merged_guests WHERE guest_id IN (:customer_ids)",
                customer_ids=list(customer_ids),
            )
        )
    )


def add(merged: MergedGuest) -> Steps[None]:
    moved = merged.moved
    yield from rows(
        f"INSERT INTO merged_guests ({_COLUMNS})"
        " VALUES (:guest_id, :customer_id, :merged_at, :browsing, :purchases, :returns, :addresses)",
        guest_id=merged.guest_id,
        customer_id=merged.customer_id,
        merged_at=to_microseconds(merged.merged_at),
        browsing=moved.browsing,
        purchases=moved.purchases,
        returns=moved.returns,
        addresses=moved.addresses,
    )


def _merged(row: Row) -> MergedGuest:
    guest_id, customer_id, merged_at, browsing, purchases, returns, addresses = row
    return MergedGuest(
        guest_id=guest_id,
        customer_id=customer_id,
        merged_at=from_microseconds(merged_at),
        moved=MovedRecords(browsing=browsing, purchases=purchases, returns=returns, addresses=addresses),
    )
