"""Guests: register them with their first event, and delete them for good some time after their last one."""

from collections.abc import Sequence
from datetime import datetime

from domain.errors import CustomerNotFound
from domain.records.guests import CustomerStatus, GuestCounts, check_guest_id
from domain.records.interactions import CustomerEvent
from domain.records.values import to_microseconds
from infra.storage.sql import histories, merged_guests, stored_lists
from infra.storage.sql.customers import first_version, raise_versions
from infra.storage.sql.events import PURGED
from infra.storage.sql.histories import CustomerEvents, CustomerRow
from infra.storage.sql.privacy import PERSONAL, find_erased
from infra.storage.sql.row_budget import MAX_ROWS, RowBudget
from infra.storage.sql.statements import ConcurrentWrite, Steps, insert_new, one, one_or_none, rows

PAGE_GUESTS = 1000
MAX_GUESTS = 250
"""So many guests are looked at in one transaction."""

_EVENT_TABLES = ("browsing_history", "purchase_history", "order_amendments", "order_returns")
"""The tables that say when a customer did something."""

_IS_EXPIRED = "p.is_guest = 1 AND p.created_at < :before" + "".join(
    f" AND NOT EXISTS (SELECT 1 FROM {table} e WHERE e.customer_id = p.customer_id AND e.occurred_at >= :before)"
    for table in _EVENT_TABLES
)
_N_ROWS = (
    "SELECT p.customer_id, "
    + " + ".join(f"(SELECT COUNT(*) FROM {table} r WHERE r.customer_id = p.customer_id)" for table in PERSONAL)
    + f" FROM customer_profiles p WHERE p.customer_id IN (:guest_ids) AND {_IS_EXPIRED}"
    " ORDER BY p.customer_id FOR UPDATE OF p"
)
_UNREGISTERED = -1
"""The version of a customer who is not registered. No customer has it, so no list of such a state is ever stored."""


def known(event: CustomerEvent) -> Steps[CustomerRow | None]:
    """Read the customer of an event, locked; None for an unknown one to be registered. Raise CustomerNotFound."""
    try:
        return (yield from histories.read(event.customer_id, lock=True))
    except CustomerNotFound:
        if not event.guest:
            raise
        return None


def register(customer_id: str, *, now: datetime) -> Steps[CustomerRow]:
    """Register a guest; raise CustomerNotFound for the id of an erased customer, InvalidField for the name of a path."""
    check_guest_id(customer_id)
    if (yield from find_erased([customer_id])):
        raise CustomerNotFound(customer_id)
    created_at = to_microseconds(now)
    version = first_version(created_at, is_guest=True)
    yield from insert_new(
        "INSERT INTO customer_profiles (customer_id, is_guest, created_at, version) VALUES (?, 1, ?, ?)",
        [(customer_id, created_at, version)],
    )
    # In this order: an erasure or a merge that commits before the insertion is seen by these.
    if (yield from find_erased([customer_id])) or (yield from merged_guests.read(customer_id)):
        raise ConcurrentWrite
    return (yield from _without_events(customer_id, version=version))


def status(customer_id: str) -> Steps[CustomerStatus]:
    """Return what an id is, in an order in which a merge or an erasure that commits meanwhile is seen."""
    statement = "SELECT is_guest FROM customer_profiles WHERE customer_id = :customer_id"
    if (row := (yield from one_or_none(statement, customer_id=customer_id))) is not None:
        return "guest" if row[0] else "customer"
    if (yield from merged_guests.read(customer_id)):
        return "merged"
    return "erased" if (yield from find_erased([customer_id])) else "unknown"


def newcomer(customer_id: str) -> Steps[CustomerRow]:
    """Return the row of a customer who is not registered; raise CustomerNotFound for the id of an erased customer."""
    if (yield from find_erased([customer_id])):
        raise CustomerNotFound(customer_id)
    return (yield from _without_events(customer_id, version=_UNREGISTERED))


def _without_events(customer_id: str, *, version: int) -> Steps[CustomerRow]:
    catalogue_version, model_id, rules_version = yield from one(
        "SELECT catalogue_version, model_id, rules_version FROM shop_state"
    )
    return CustomerRow(
        customer_id=customer_id,
        version=version,
        profiling=True,
        experiment_key=customer_id,
        catalogue_version=catalogue_version,
        model_id=model_id,
        rules_version=rules_version,
        segment=None,
        events=CustomerEvents(),
    )


def count(before: datetime) -> Steps[GuestCounts]:
    """Count the guests without an event since an instant, all guests, and the events of both the former and everybody."""
    of_expired, of_all = (
        " + ".join(f"(SELECT COUNT(*) FROM {table} e{condition})" for table in ("browsing_history", "purchase_history"))
        for condition in (f" JOIN customer_profiles p ON p.customer_id = e.customer_id WHERE {_IS_EXPIRED}", "")
    )
    n_expired, n_guests = yield from one(
        f"SELECT (SELECT COUNT(*) FROM customer_profiles p WHERE {_IS_EXPIRED}),"
        " (SELECT COUNT(*) FROM customer_profiles WHERE is_guest = 1)",
        before=to_microseconds(before),
    )
    if not n_expired:
        return GuestCounts(n_expired=0, n_guests=n_guests, n_expired_events=0, n_events=0)
    n_expired_events, n_events = yield from one(f"SELECT {of_expired}, {of_all}", before=to_microseconds(before))
    return GuestCounts(n_expired=n_expired, n_guests=n_guests, n_expired_events=n_expired_events, n_events=n_events)


def expired(before: datetime, after: str) -> Steps[list[str]]:
    """Return a page of the guests without an event since an instant, by id."""
    found = yield from rows(
        f"SELECT p.customer_id FROM customer_profiles p WHERE {_IS_EXPIRED} AND p.customer_id > :after"
        " ORDER BY p.customer_id LIMIT :n",
        before=to_microseconds(before),
        after=after,
        n=PAGE_GUESTS,
    )
    return [customer_id for (customer_id,) in found]


def purge(guest_ids: Sequence[str], *, before: datetime) -> Steps[int]:
    """Delete those of the guests who are still without an event, as many as fit; return how many need no further call.

    A guest with more rows than fit loses events in several calls, and the rest in the last one.
    """
    # First, because merges lock it first too.
    yield from rows("UPDATE shop_state SET n_unscrubbed = n_unscrubbed + 1")
    batch = list(guest_ids[:MAX_GUESTS])
    n_rows_of = dict((yield from rows(_N_ROWS, guest_ids=batch, before=to_microseconds(before))))
    budget = RowBudget(n_reserved=1)
    gone: list[str] = []
    n_done = 0
    for guest_id in batch:
        n_rows = n_rows_of.get(guest_id, 0)
        if n_rows >= MAX_ROWS and not gone and (yield from _shorten(guest_id)):
            return n_done
        if not budget.has_room_for(n_rows):
            break
        n_done += 1
        gone += [guest_id] if n_rows else []
    for table in PERSONAL:
        yield from rows(f"DELETE FROM {table} WHERE customer_id IN (:gone)", gone=gone)
    return n_done


def _shorten(guest_id: str) -> Steps[bool]:
    """Delete as many events of a guest as fit, and what names them; return False if there is none."""
    n_left = n_room = MAX_ROWS - 4
    for table, key in PURGED.items():
        if not n_left:
            break
        deleted = yield from rows(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE customer_id = :guest_id LIMIT :n)"
            " RETURNING 1",
            guest_id=guest_id,
            n=n_left,
        )
        n_left -= len(deleted)
    yield from raise_versions([guest_id])
    yield from stored_lists.forget([guest_id])
    return n_left < n_room


def unscrubbed() -> Steps[int]:
    """Return how many transactions purged guests since the files were scrubbed."""
    return (yield from one("SELECT n_unscrubbed FROM shop_state"))[0]


def note_scrubbed(n: int) -> Steps[None]:
    """Remember that the files were scrubbed after `n` purges, unless there was another one meanwhile."""
    yield from rows("UPDATE shop_state SET n_unscrubbed = 0 WHERE n_unscrubbed = :n", n=n)
