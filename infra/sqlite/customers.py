"""Customers and their addresses, as transactions on one connection."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from domain.customers import (
    MOST_ADDRESSES,
    Activity,
    Address,
    Customer,
    CustomerChange,
    NewCustomer,
    PurchaseSummary,
    Segment,
    Standing,
    StoredAddress,
    address_id,
    segment_of,
    with_defaults,
)
from domain.errors import CustomerExists, CustomerNotFound, EmailTaken, TooManyItems
from domain.fields import from_microseconds, from_units, new_id, to_microseconds
from domain.model import Model
from domain.ports import Outcome

CONTACT = ("email", "first_name", "last_name", "phone")
_SUM_STEP = 1_000_000_000


def create(connection: sqlite3.Connection, new: NewCustomer, *, now: datetime) -> Customer:
    customer_id = new.customer_id or new_id()
    if version_of(connection, customer_id) is not None:
        raise CustomerExists(customer_id)
    if _owner_of(connection, new.email) is not None:
        raise EmailTaken
    _insert(connection, customer_id, {name: getattr(new, name) for name in CONTACT}, now=now)
    _assign_segment(connection, customer_id, new.segment)
    return Customer(
        customer_id=customer_id,
        **{name: getattr(new, name) for name in CONTACT},
        segment=new.segment or "Regular",
        segment_source="assigned" if new.segment else "default",
        created_at=from_microseconds(to_microseconds(now)),
    )


def create_or_raise_versions(connection: sqlite3.Connection, customer_ids: Iterable[str], *, now: datetime) -> None:
    """Raise the versions of customers as `raise_versions` does, registering unknown ones with nothing but their id."""
    connection.executemany(
        "INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (?, ?, 0)"
        " ON CONFLICT (customer_id) DO UPDATE SET version = version + 1",
        [(customer_id, to_microseconds(now)) for customer_id in customer_ids],
    )


def version_of(connection: sqlite3.Connection, customer_id: str) -> int | None:
    row = connection.execute("SELECT version FROM customer_profiles WHERE customer_id = ?", (customer_id,)).fetchone()
    return None if row is None else row[0]


def raise_versions(connection: sqlite3.Connection, customer_ids: Iterable[str]) -> None:
    """Mark what these customers' lists depend on as changed."""
    connection.executemany(
        "UPDATE customer_profiles SET version = version + 1 WHERE customer_id = ?",
        [(customer_id,) for customer_id in customer_ids],
    )


def read(connection: sqlite3.Connection, customer_id: str, customer_standing: Standing) -> Customer:
    row = connection.execute(
        "SELECT email, first_name, last_name, phone, created_at FROM customer_profiles WHERE customer_id = ?",
        (customer_id,),
    ).fetchone()
    segment, source = segment_of(customer_standing)
    return Customer(
        customer_id=customer_id,
        **dict(zip(CONTACT, row, strict=False)),
        segment=segment,
        segment_source=source,
        created_at=from_microseconds(row[-1]),
    )


def standing(connection: sqlite3.Connection, customer_id: str, *, model: Model, currency: str) -> Standing:
    """Read what decides the customer's segment; `currency` is the one whose orders count as money."""
    orders, whole, rest, last = connection.execute(
        # Summed in two parts, since one sum of large orders could pass 64 bits.
        f"SELECT SUM(line = 0), SUM(CASE currency WHEN :currency THEN quantity * unit_price / {_SUM_STEP} END),"
        f" SUM(CASE currency WHEN :currency THEN quantity * unit_price % {_SUM_STEP} END), MAX(occurred_at)"
        " FROM purchase_history WHERE customer_id = :customer_id",
        {"currency": currency, "customer_id": customer_id},
    ).fetchone()
    assigned = connection.execute("SELECT segment FROM customer_segments WHERE customer_id = ?", (customer_id,)).fetchone()
    purchases = None
    if orders:
        spent = from_units((whole or 0) * _SUM_STEP + (rest or 0))
        purchases = PurchaseSummary(orders=orders, spent=spent, last_purchased_at=last)
    return Standing(
        assigned=None if assigned is None else assigned[0],
        purchases=purchases,
        rule=model.segment_rule,
        counted_from=model.newest_event_at,
    )


def activity(connection: sqlite3.Connection, customer_id: str, purchases: PurchaseSummary | None) -> Activity:
    views, carts, wishlists, last_browsed = connection.execute(
        "SELECT SUM(event_type = 'view'), SUM(event_type = 'cart'), SUM(event_type = 'wishlist'), MAX(occurred_at)"
        " FROM browsing_history WHERE customer_id = ?",
        (customer_id,),
    ).fetchone()
    (items_bought,) = connection.execute(
        "SELECT SUM(quantity) FROM purchase_history WHERE customer_id = ?", (customer_id,)
    ).fetchone()
    return Activity(
        views=views or 0,
        carts=carts or 0,
        wishlists=wishlists or 0,
        orders=purchases.orders if purchases else 0,
        items_bought=items_bought or 0,
        spent=purchases.spent if purchases else 0.0,
        last_browsed_at=None if last_browsed is None else from_microseconds(last_browsed),
        last_purchased_at=from_microseconds(purchases.last_purchased_at) if purchases else None,
    )


def addresses(connection: sqlite3.Connection, customer_id: str) -> list[StoredAddress]:
    rows = connection.execute(
        f"SELECT {', '.join(_ADDRESS_COLUMNS)} FROM customer_addresses WHERE customer_id = ? ORDER BY position",
        (customer_id,),
    )
    return [msgspec.convert(dict(zip(_ADDRESS_COLUMNS, row, strict=True)), StoredAddress, strict=False) for row in rows]


def add_addresses(connection: sqlite3.Connection, customer_id: str, added: Sequence[Address]) -> list[StoredAddress]:
    if version_of(connection, customer_id) is None:
        raise CustomerNotFound(customer_id)
    new = [
        StoredAddress(address_id=address_id(customer_id, address), **msgspec.structs.asdict(address)) for address in added
    ]
    merged = with_defaults(addresses(connection, customer_id), new)
    if len(merged) > MOST_ADDRESSES:
        raise TooManyItems(f"A customer has at most {MOST_ADDRESSES} addresses.")
    connection.executemany(
        f"INSERT INTO customer_addresses (customer_id, position, {', '.join(_ADDRESS_COLUMNS)})"
        f" VALUES (?, ?, {', '.join('?' * len(_ADDRESS_COLUMNS))})"
        " ON CONFLICT (customer_id, address_id) DO UPDATE SET is_default = excluded.is_default",
        [(customer_id, position, *msgspec.structs.astuple(address)) for position, address in enumerate(merged)],
    )
    return merged


def put(connection: sqlite3.Connection, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]:
    """Upsert customers one by one, since a later one may take the e-mail that an earlier one gave up."""
    outcomes = [_put_one(connection, change, now=now) for change in changes]
    changed = [change.customer_id for change, outcome in zip(changes, outcomes, strict=True) if outcome.status == "changed"]
    raise_versions(connection, changed)
    return outcomes


def _put_one(connection: sqlite3.Connection, change: CustomerChange, *, now: datetime) -> Outcome:
    given = {name: value for name in CONTACT if (value := getattr(change, name)) is not UNSET}
    owner = _owner_of(connection, given.get("email"))
    if owner not in (None, change.customer_id):
        return Outcome(status="refused", field="email", reason="Another customer has this e-mail address")
    stored = connection.execute(
        "SELECT email, first_name, last_name, phone, segment FROM customer_profiles"
        " LEFT JOIN customer_segments USING (customer_id) WHERE customer_id = ?",
        (change.customer_id,),
    ).fetchone()
    if stored is None:
        _insert(connection, change.customer_id, given, now=now)
        _assign_segment(connection, change.customer_id, change.segment or None)
        return Outcome(status="new")
    before = dict(zip((*CONTACT, "segment"), stored, strict=True))
    if change.segment is not UNSET:
        given["segment"] = change.segment
    if before == before | given:
        return Outcome(status="unchanged")
    after = before | given
    connection.execute(
        "UPDATE customer_profiles SET email = ?, first_name = ?, last_name = ?, phone = ?, email_key = ?"
        " WHERE customer_id = ?",
        (*(after[name] for name in CONTACT), _email_key(after["email"]), change.customer_id),
    )
    _assign_segment(connection, change.customer_id, after["segment"])
    return Outcome(status="changed")


def _insert(connection: sqlite3.Connection, customer_id: str, contact: dict[str, Any], *, now: datetime) -> None:
    connection.execute(
        "INSERT INTO customer_profiles"
        " (customer_id, email, first_name, last_name, phone, email_key, created_at, version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        (
            customer_id,
            *(contact.get(name) for name in CONTACT),
            _email_key(contact.get("email")),
            to_microseconds(now),
        ),
    )


def _assign_segment(connection: sqlite3.Connection, customer_id: str, segment: Segment | None) -> None:
    if segment is None:
        connection.execute("DELETE FROM customer_segments WHERE customer_id = ?", (customer_id,))
    else:
        connection.execute(
            "INSERT INTO customer_segments (customer_id, segment) VALUES (?, ?)"
            " ON CONFLICT (customer_id) DO UPDATE SET segment = excluded.segment",
            (customer_id, segment),
        )


def _owner_of(connection: sqlite3.Connection, email: str | None) -> str | None:
    if email is None:
        return None
    row = connection.execute(
        "SELECT customer_id FROM customer_profiles WHERE email_key = ?", (_email_key(email),)
    ).fetchone()
    return None if row is None else row[0]


def _email_key(email: str | None) -> str | None:
    return None if email is None else email.casefold()


_ADDRESS_COLUMNS = StoredAddress.__struct_fields__
