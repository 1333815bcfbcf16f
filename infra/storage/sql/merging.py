"""Merge a guest into a customer: in one transaction, the records of the guest become those of the customer."""

from datetime import datetime
from typing import Any

from msgspec.structs import asdict, replace

from domain.errors import CustomerNotFound, MergeRefused
from domain.records.audit import THE_APP, Act
from domain.records.customers import MAX_ADDRESSES, address_id, with_defaults
from domain.records.customers import Address as NewAddress
from domain.records.guests import GuestMerge, MergedGuest, MovedRecords
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql import addresses as customer_addresses
from infra.storage.sql import audit, import_changes, merged_guests, removals, returns
from infra.storage.sql.customers import raise_versions
from infra.storage.sql.statements import Steps, one, rows

MAX_MOVED_ROWS = 5000
"""Moving so many rows takes about 70 ms, during which no other writer of a SQLite shop writes."""

_MOVED_TABLES = (
    "browsing_history", "purchase_history", "order_amendments", "order_returns", "import_changes", "merged_guests",
)  # fmt: skip
_HAS_NO_EVENTS = "".join(
    f" AND NOT EXISTS (SELECT 1 FROM {table} e WHERE e.customer_id = customer_profiles.customer_id)"
    for table in _MOVED_TABLES[:4]
)
_FORGOTTEN_TABLES = (
    "customer_recommendations", "customer_histories", "customer_addresses", "customer_segments", "customer_profiles",
)  # fmt: skip


def merge(asked: GuestMerge, *, now: datetime, actor: str = THE_APP) -> Steps[MergedGuest]:
    """Merge a guest, add the entry of the audit, and return what moved; the same merge again only returns the same.

    Raise CustomerNotFound for either of both, or MergeRefused.
    """
    # Imports lock it too before they read the customers of stored orders.
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    before = yield from merged_guests.read(asked.guest_id)
    into = yield from merged_guests.read(asked.customer_id)
    customer_id = into.customer_id if into else asked.customer_id
    is_guest = yield from _locked([asked.guest_id, customer_id])
    if before is not None:
        return _repeated(before, customer_id, is_known=customer_id in is_guest)
    for name in (asked.guest_id, customer_id):
        if name not in is_guest:
            raise CustomerNotFound(name)
    if not is_guest[asked.guest_id]:
        raise MergeRefused("The `guest_id` is of a customer who is no guest.")
    if is_guest[customer_id]:
        raise MergeRefused("The `customer_id` is of a guest.")
    yield from _keep_arms(asked.guest_id, customer_id)
    merged = MergedGuest(
        guest_id=asked.guest_id,
        customer_id=customer_id,
        merged_at=from_microseconds(to_microseconds(now)),
        moved=(yield from _move(asked.guest_id, customer_id)),
    )
    yield from merged_guests.add(merged)
    # An import may make a guest of a customer into whom others were merged.
    yield from _rename("merged_guests", asked.guest_id, customer_id)
    yield from _forget(asked.guest_id, customer_id)
    yield from raise_versions([customer_id])
    yield from audit.record(Act(actor=actor, action="merge", customer_id=customer_id))
    return merged


def _repeated(before: MergedGuest, customer_id: str, *, is_known: bool) -> MergedGuest:
    if not is_known:
        raise CustomerNotFound(customer_id)
    if before.customer_id != customer_id:
        raise MergeRefused("The guest was merged into another customer.")
    return before


def _locked(customer_ids: list[str]) -> Steps[dict[str, bool]]:
    """Return whether customers are guests, without unknown ones; other writers of them wait."""
    # Sorted, because writers that lock the same rows in different orders would deadlock.
    found = yield from rows(
        "SELECT customer_id, is_guest FROM customer_profiles WHERE customer_id IN (:customer_ids)"
        " ORDER BY customer_id FOR UPDATE",
        customer_ids=customer_ids,
    )
    return {customer_id: bool(is_guest) for customer_id, is_guest in found}


def _move(guest_id: str, customer_id: str) -> Steps[MovedRecords]:
    yield from _check_size(guest_id)
    browsing, lines, returned, n_returns = yield from one(
        "SELECT (SELECT COUNT(*) FROM browsing_history WHERE customer_id = :guest_id),"
        " (SELECT COUNT(DISTINCT order_id) FROM purchase_history WHERE customer_id = :guest_id),"
        " (SELECT COUNT(*) FROM order_amendments a WHERE a.customer_id = :guest_id"
        "  AND NOT EXISTS (SELECT 1 FROM purchase_history p WHERE p.order_id = a.order_id)),"
        " (SELECT COUNT(*) FROM order_returns WHERE customer_id = :guest_id)",
        guest_id=guest_id,
    )
    n_addresses = yield from _move_addresses(guest_id, customer_id)
    sent = yield from rows(
        "SELECT DISTINCT product_id FROM browsing_history WHERE customer_id = :guest_id AND event_type <> 'view'",
        guest_id=guest_id,
    )
    for table in ("browsing_history", "purchase_history", "order_amendments"):
        yield from _rename(table, guest_id, customer_id)
    # Removals of either may take back carts of both.
    yield from removals.settle({(customer_id, product_id) for (product_id,) in sent})
    yield from returns.rename_customer(guest_id, customer_id)
    yield from import_changes.rename_customer(guest_id, customer_id)
    return MovedRecords(browsing=browsing, purchases=lines + returned, returns=n_returns, addresses=n_addresses)


def _keep_arms(guest_id: str, customer_id: str) -> Steps[None]:
    """Let a customer without events of its own stay in the arms of the guest, whose lists are all that the person knows."""
    yield from rows(
        "UPDATE customer_profiles SET experiment_key = (SELECT COALESCE(g.experiment_key, g.customer_id)"
        " FROM customer_profiles g WHERE g.customer_id = :guest_id)"
        " WHERE customer_id = :customer_id AND experiment_key IS NULL" + _HAS_NO_EVENTS,
        guest_id=guest_id,
        customer_id=customer_id,
    )


def _forget(guest_id: str, customer_id: str) -> Steps[None]:
    """Delete the rest of a guest; an objection to profiling stays, as it is of the same person."""
    yield from rows(
        "UPDATE customer_profiles SET profiling = 0 WHERE customer_id = :customer_id"
        " AND EXISTS (SELECT 1 FROM customer_profiles g WHERE g.customer_id = :guest_id AND g.profiling = 0)",
        customer_id=customer_id,
        guest_id=guest_id,
    )
    for table in _FORGOTTEN_TABLES:
        yield from rows(f"DELETE FROM {table} WHERE customer_id = :guest_id", guest_id=guest_id)


def _check_size(guest_id: str) -> Steps[None]:
    """Raise MergeRefused for a guest of too many records; counting stops there."""
    counts = ", ".join(
        f"(SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE customer_id = :guest_id LIMIT :n) {table}_rows)"
        for table in _MOVED_TABLES
    )
    found: Any = yield from one(f"SELECT {counts}", guest_id=guest_id, n=MAX_MOVED_ROWS + 1)
    if sum(found) > MAX_MOVED_ROWS:
        raise MergeRefused(f"The guest has more than {MAX_MOVED_ROWS:,} events and order items.")


def _rename(table: str, guest_id: str, customer_id: str) -> Steps[None]:
    yield from rows(
        f"UPDATE {table} SET customer_id = :customer_id WHERE customer_id = :guest_id",
        customer_id=customer_id,
        guest_id=guest_id,
    )


def _move_addresses(guest_id: str, customer_id: str) -> Steps[int]:
    """Copy the addresses that the customer lacks, and return their number; the customer's defaults stay."""
    own = yield from customer_addresses.addresses(customer_id)
    kinds = {address.kind for address in own}
    added = []
    for address in (yield from customer_addresses.addresses(guest_id)):
        content = NewAddress(**{name: value for name, value in asdict(address).items() if name != "address_id"})
        is_default = address.is_default and address.kind not in kinds
        added.append(replace(address, address_id=address_id(customer_id, content), is_default=is_default))
    merged = with_defaults(own, added)
    if len(merged) > MAX_ADDRESSES:
        raise MergeRefused(f"The customer would have more than {MAX_ADDRESSES} addresses.")
    yield from customer_addresses.write(customer_id, merged)
    return len(merged) - len(own)
