"""Customers and their addresses."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from domain.errors import CustomerExists, CustomerNotFound, EmailTaken, TooManyItems
from domain.ports import Outcome
from domain.ranking.model import Model
from domain.records.customers import (
    MAX_ADDRESSES,
    Activity,
    Address,
    Customer,
    CustomerChange,
    NewCustomer,
    PurchaseSummary,
    Segment,
    SegmentInputs,
    StoredAddress,
    address_id,
    segment_of,
    with_defaults,
)
from domain.records.values import from_microseconds, from_units, new_id, to_microseconds
from infra.storage.sql.privacy import REFUSED, erased
from infra.storage.sql.statements import Row, Steps, executemany, one, one_or_none, rows

CONTACT = ("email", "first_name", "last_name", "phone")
SUM_STEP = 1_000_000_000
PURCHASE_SUMS = (
    # Summed in two parts, since one sum of large orders could pass 64 bits.
    "SELECT COUNT(*) FILTER (WHERE line = 0),"
    f" CAST(SUM(CASE currency WHEN :currency THEN quantity * unit_price / {SUM_STEP} END) AS BIGINT),"
    f" CAST(SUM(CASE currency WHEN :currency THEN quantity * unit_price % {SUM_STEP} END) AS BIGINT), MAX(occurred_at)"
    " FROM purchase_history WHERE customer_id = :customer_id"
)


def create(new: NewCustomer, *, now: datetime) -> Steps[Customer]:
    customer_id = new.customer_id or new_id()
    if (yield from one_or_none("SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id", customer_id=customer_id)):
        raise CustomerExists(customer_id)
    # After the profile was looked for: an erasure that commits between the two is seen by the second.
    if (yield from erased([customer_id])):
        raise CustomerExists(customer_id)
    if (yield from _owner_of(new.email)) is not None:
        raise EmailTaken
    yield from _insert(customer_id, {name: getattr(new, name) for name in CONTACT}, now=now)
    yield from _assign_segment(customer_id, new.segment)
    return Customer(
        customer_id=customer_id,
        **{name: getattr(new, name) for name in CONTACT},
        segment=new.segment or "Regular",
        segment_source="assigned" if new.segment else "default",
        created_at=from_microseconds(to_microseconds(now)),
    )


def create_or_raise_versions(customer_ids: Iterable[str], *, now: datetime) -> Steps[None]:
    """Raise the versions of customers as `raise_versions` does, registering unknown ones with nothing but their id."""
    yield from executemany(
        "INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (?, ?, 0)"
        " ON CONFLICT (customer_id) DO UPDATE SET version = customer_profiles.version + 1",
        # In one order for all writers, so that they queue up instead of blocking each other.
        [(customer_id, to_microseconds(now)) for customer_id in sorted(customer_ids)],
    )


def raise_versions(customer_ids: Iterable[str]) -> Steps[None]:
    """Mark what these customers' lists depend on as changed."""
    yield from executemany(
        "UPDATE customer_profiles SET version = version + 1 WHERE customer_id = ?",
        [(customer_id,) for customer_id in sorted(customer_ids)],
    )


def read(customer_id: str, segment_inputs: SegmentInputs) -> Steps[Customer]:
    row = yield from one(
        "SELECT email, first_name, last_name, phone, created_at FROM customer_profiles WHERE customer_id = :customer_id",
        customer_id=customer_id,
    )
    segment, source = segment_of(segment_inputs)
    return Customer(
        customer_id=customer_id,
        **dict(zip(CONTACT, row, strict=False)),
        segment=segment,
        segment_source=source,
        created_at=from_microseconds(row[-1]),
    )


def segment_inputs(customer_id: str, *, model: Model, currency: str) -> Steps[SegmentInputs]:
    """Read what decides the customer's segment; `currency` is the one whose orders count as money."""
    sums = yield from one(PURCHASE_SUMS, customer_id=customer_id, currency=currency)
    assigned = yield from one_or_none(
        "SELECT segment FROM customer_segments WHERE customer_id = :customer_id", customer_id=customer_id
    )
    return segment_inputs_from(sums, assigned=assigned[0] if assigned else None, model=model)


def segment_inputs_from(sums: Row, *, assigned: Segment | None, model: Model) -> SegmentInputs:
    """Make a standing of what PURCHASE_SUMS found."""
    orders, whole, rest, last = sums
    purchases = None
    if orders:
        spent = from_units((whole or 0) * SUM_STEP + (rest or 0))
        purchases = PurchaseSummary(orders=orders, spent=spent, last_purchased_at=last)
    return SegmentInputs(
        assigned=assigned, purchases=purchases, rule=model.segment_rule, reference_time=model.newest_event_at
    )


def activity(customer_id: str, purchases: PurchaseSummary | None) -> Steps[Activity]:
    views, carts, wishlists, last_browsed = yield from one(
        "SELECT COUNT(*) FILTER (WHERE event_type = 'view'), COUNT(*) FILTER (WHERE event_type = 'cart'),"
        " COUNT(*) FILTER (WHERE event_type = 'wishlist'), MAX(occurred_at)"
        " FROM browsing_history WHERE customer_id = :customer_id",
        customer_id=customer_id,
    )
    (items_bought,) = yield from one(
        "SELECT CAST(SUM(quantity) AS BIGINT) FROM purchase_history WHERE customer_id = :customer_id",
        customer_id=customer_id,
    )
    return Activity(
        views=views,
        carts=carts,
        wishlists=wishlists,
        orders=purchases.orders if purchases else 0,
        items_bought=items_bought or 0,
        spent=purchases.spent if purchases else 0.0,
        last_browsed_at=None if last_browsed is None else from_microseconds(last_browsed),
        last_purchased_at=from_microseconds(purchases.last_purchased_at) if purchases else None,
    )


def addresses(customer_id: str) -> Steps[list[StoredAddress]]:
    found = yield from rows(
        f"SELECT {', '.join(_ADDRESS_COLUMNS)} FROM customer_addresses WHERE customer_id = :customer_id ORDER BY position",
        customer_id=customer_id,
    )
    return [msgspec.convert(dict(zip(_ADDRESS_COLUMNS, row, strict=True)), StoredAddress, strict=False) for row in found]


def add_addresses(customer_id: str, added: Sequence[Address]) -> Steps[list[StoredAddress]]:
    known = yield from one_or_none(
        "SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE", customer_id=customer_id
    )
    if known is None:
        raise CustomerNotFound(customer_id)
    new = [
        StoredAddress(address_id=address_id(customer_id, address), **msgspec.structs.asdict(address)) for address in added
    ]
    merged = with_defaults((yield from addresses(customer_id)), new)
    if len(merged) > MAX_ADDRESSES:
        raise TooManyItems(f"A customer has at most {MAX_ADDRESSES} addresses.")
    yield from executemany(
        f"INSERT INTO customer_addresses (customer_id, position, {', '.join(_ADDRESS_COLUMNS)})"
        f" VALUES (?, ?, {', '.join('?' * len(_ADDRESS_COLUMNS))})"
        " ON CONFLICT (customer_id, address_id) DO UPDATE SET is_default = excluded.is_default",
        [(customer_id, position, *msgspec.structs.astuple(address)) for position, address in enumerate(merged)],
    )
    return merged


def put(changes: Sequence[CustomerChange], *, now: datetime) -> Steps[list[Outcome]]:
    """Upsert customers one by one, since a later one may take the e-mail that an earlier one gave up."""
    outcomes: list[Outcome] = []
    for change in changes:
        outcome = yield from _put_one(change, now=now)
        outcomes.append(outcome)
    return outcomes


def _put_one(change: CustomerChange, *, now: datetime) -> Steps[Outcome]:
    given = {name: value for name in CONTACT if (value := getattr(change, name)) is not UNSET}
    owner = yield from _owner_of(given.get("email"))
    if owner not in (None, change.customer_id):
        return Outcome(status="refused", field="email", reason="Another customer has this e-mail address")
    stored = yield from one_or_none(
        "SELECT p.email, p.first_name, p.last_name, p.phone, s.segment FROM customer_profiles p"
        " LEFT JOIN customer_segments s ON s.customer_id = p.customer_id WHERE p.customer_id = :customer_id FOR UPDATE OF p",
        customer_id=change.customer_id,
    )
    if stored is None:
        if (yield from erased([change.customer_id])):
            return REFUSED
        yield from _insert(change.customer_id, given, now=now)
        yield from _assign_segment(change.customer_id, change.segment or None)
        return Outcome(status="new")
    before = dict(zip((*CONTACT, "segment"), stored, strict=True))
    if change.segment is not UNSET:
        given["segment"] = change.segment
    if before == before | given:
        return Outcome(status="unchanged")
    after = before | given
    yield from rows(
        "UPDATE customer_profiles SET email = :email, first_name = :first_name, last_name = :last_name, phone = :phone,"
        " email_key = :email_key, version = version + 1 WHERE customer_id = :customer_id",
        **{name: after[name] for name in CONTACT},
        email_key=_email_key(after["email"]),
        customer_id=change.customer_id,
    )
    yield from _assign_segment(change.customer_id, after["segment"])
    return Outcome(status="changed")


def _insert(customer_id: str, contact: dict[str, Any], *, now: datetime) -> Steps[None]:
    yield from rows(
        "INSERT INTO customer_profiles"
        " (customer_id, email, first_name, last_name, phone, email_key, created_at, version)"
        " VALUES (:customer_id, :email, :first_name, :last_name, :phone, :email_key, :created_at, 0)",
        customer_id=customer_id,
        **{name: contact.get(name) for name in CONTACT},
        email_key=_email_key(contact.get("email")),
        created_at=to_microseconds(now),
    )


def _assign_segment(customer_id: str, segment: Segment | None) -> Steps[None]:
    if segment is None:
        yield from rows("DELETE FROM customer_segments WHERE customer_id = :customer_id", customer_id=customer_id)
    else:
        yield from rows(
            "INSERT INTO customer_segments (customer_id, segment) VALUES (:customer_id, :segment)"
            " ON CONFLICT (customer_id) DO UPDATE SET segment = excluded.segment",
            customer_id=customer_id,
            segment=segment,
        )


def _owner_of(email: str | None) -> Steps[str | None]:
    if email is None:
        return None
    row = yield from one_or_none(
        "SELECT customer_id FROM customer_profiles WHERE email_key = :email_key", email_key=_email_key(email)
    )
    return None if row is None else row[0]


def _email_key(email: str | None) -> str | None:
    return None if email is None else email.casefold()


_ADDRESS_COLUMNS = StoredAddress.__struct_fields__
