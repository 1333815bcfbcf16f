"""Customers: their profile, their assigned segment, and the version that makes their stored list stale."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct

from domain.ports.ingest import Outcome
from domain.records.customers import Customer, CustomerChange, Segment, SegmentInputs, segment_of
from domain.records.values import from_microseconds, to_microseconds
from infra.storage.sql import merged_guests
from infra.storage.sql.privacy import MERGED, REFUSED, find_erased
from infra.storage.sql.statements import Steps, executemany, insert_new, one, one_or_none, rows

CONTACT = ("email", "first_name", "last_name", "phone")
MAY_BE_USED = "customer_id NOT IN (SELECT customer_id FROM customer_profiles WHERE profiling = 0)"
"""The condition on rows that lists of others and training may use: their customers do not object to profiling."""

EXPERIMENT_KEY = "CASE WHEN p.profiling = 1 THEN COALESCE(p.experiment_key, p.customer_id) END"
"""The column with the key that chooses the arms of a customer `p` in experiments, NULL for one who objects to profiling."""


class Newcomer(Struct, frozen=True):
    """What is known of a customer whom an event names, if the customer is new."""

    email: str | None = None
    is_guest: bool = False


def create_or_raise_versions(newcomers: Mapping[str, Newcomer], *, now: datetime) -> Steps[None]:
    """Raise the versions of known customers, and register unknown customers."""
    created_at = to_microseconds(now)
    # Sorted, because writers that lock the same rows in different orders would deadlock.
    ordered = sorted(newcomers.items())
    yield from executemany(
        "INSERT INTO customer_profiles (customer_id, email, email_key, is_guest, created_at, version)"
        " VALUES (?, NULL, NULL, ?, ?, ?) ON CONFLICT (customer_id) DO UPDATE SET version = customer_profiles.version + 1",
        [
            (customer_id, int(one.is_guest), created_at, first_version(created_at, is_guest=one.is_guest))
            for customer_id, one in ordered
            if one.email is None
        ],
    )
    for customer_id, newcomer in ordered:
        if newcomer.email is not None:
            yield from _create_or_raise_version(customer_id, newcomer, created_at=created_at)


def _create_or_raise_version(customer_id: str, newcomer: Newcomer, *, created_at: int) -> Steps[None]:
    raised = yield from rows(
        "UPDATE customer_profiles SET version = version + 1 WHERE customer_id = :customer_id RETURNING customer_id",
        customer_id=customer_id,
    )
    if not raised:
        yield from insert_new(
            "INSERT INTO customer_profiles (customer_id, email, email_key, is_guest, created_at, version)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (customer_id, newcomer.email, _email_key(newcomer.email), int(newcomer.is_guest), created_at,
                 first_version(created_at, is_guest=newcomer.is_guest))
            ],
        )  # fmt: skip


def first_version(created_at: int, *, is_guest: bool) -> int:
    """Return the version of a new customer.

    A guest may come back after the retention: nothing that was computed of the earlier one must then be current.
    """
    return created_at if is_guest else 0


def resolve_emails(emails: Collection[str]) -> Steps[dict[str, str]]:
    """Return the ids of the stored customers with these e-mail addresses, by the address as given."""
    result = yield from rows(
        "SELECT email_key, customer_id FROM customer_profiles WHERE email_key IN (:keys)",
        keys=sorted({email.casefold() for email in emails}),
    )
    owners = dict(result)
    return {email: owners[email.casefold()] for email in emails if email.casefold() in owners}


def lock(customer_id: str) -> Steps[str]:
    """Make other writers of a customer wait; return its id, as a merged guest stands for it, or raise CustomerNotFound."""
    statement = "SELECT customer_id FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE"
    (stored_id,) = yield from merged_guests.row_of(statement, customer_id)
    return stored_id


def raise_versions(customer_ids: Iterable[str]) -> Steps[None]:
    """Make the stored lists of customers stale."""
    yield from executemany(
        "UPDATE customer_profiles SET version = version + 1 WHERE customer_id = ?",
        [(customer_id,) for customer_id in sorted(customer_ids)],
    )


def read(customer_id: str, segment_inputs: SegmentInputs) -> Steps[Customer]:
    row = yield from one(
        "SELECT email, first_name, last_name, phone, created_at, is_guest, profiling FROM customer_profiles"
        " WHERE customer_id = :customer_id",
        customer_id=customer_id,
    )
    *contact, created_at, is_guest, profiling = row
    segment, source = segment_of(segment_inputs)
    return Customer(
        customer_id=customer_id,
        **dict(zip(CONTACT, contact, strict=True)),
        segment=segment,
        segment_source=source,
        created_at=from_microseconds(created_at),
        is_guest=bool(is_guest),
        profiling=bool(profiling),
    )


def experiment_key(customer_id: str) -> Steps[str | None]:
    """Read the id of the guest whose arms in experiments a customer has, None for the customer's own."""
    statement = "SELECT experiment_key FROM customer_profiles WHERE customer_id = :customer_id"
    return (yield from one(statement, customer_id=customer_id))[0]


def put(changes: Sequence[CustomerChange], *, now: datetime) -> Steps[list[Outcome]]:
    """Create or change customers one by one, because one may take the e-mail address that an earlier one gave up."""
    outcomes: list[Outcome] = []
    for change in changes:
        outcome = yield from put_one(change, now=now)
        outcomes.append(outcome)
    return outcomes


def put_one(change: CustomerChange, *, now: datetime) -> Steps[Outcome]:
    new_values = {name: value for name in CONTACT if (value := getattr(change, name)) is not UNSET}
    owner = yield from owner_of(new_values.get("email"))
    if owner not in (None, change.customer_id):
        return Outcome(status="refused", field="email", reason="Another customer has this e-mail address")
    for name in ("is_guest", "profiling"):
        if (flag := getattr(change, name)) is not UNSET:
            new_values[name] = int(bool(flag))
    row = yield from one_or_none(
        "SELECT p.email, p.first_name, p.last_name, p.phone, p.is_guest, p.profiling, s.segment FROM customer_profiles p"
        " LEFT JOIN customer_segments s ON s.customer_id = p.customer_id WHERE p.customer_id = :customer_id FOR UPDATE OF p",
        customer_id=change.customer_id,
    )
    if row is None:
        if (yield from find_erased([change.customer_id])):
            return REFUSED
        if (yield from merged_guests.read(change.customer_id)):
            return MERGED
        yield from insert(change.customer_id, new_values, now=now)
        yield from assign_segment(change.customer_id, change.segment or None)
        return Outcome(status="new")
    before = dict(zip((*CONTACT, "is_guest", "profiling", "segment"), row, strict=True))
    if change.segment is not UNSET:
        new_values["segment"] = change.segment
    after = before | new_values
    if before == after:
        return Outcome(status="unchanged")
    email_key = _email_key(after["email"])
    if email_key not in (None, _email_key(before["email"])):
        yield from _reserve(email_key, change.customer_id)
    yield from rows(
        "UPDATE customer_profiles SET email = :email, first_name = :first_name, last_name = :last_name, phone = :phone,"
        " email_key = :email_key, is_guest = :is_guest, profiling = :profiling, version = version + 1"
        " WHERE customer_id = :customer_id",
        **{name: after[name] for name in CONTACT},
        is_guest=after["is_guest"],
        profiling=after["profiling"],
        email_key=email_key,
        customer_id=change.customer_id,
    )
    yield from assign_segment(change.customer_id, after["segment"])
    return Outcome(status="changed")


def insert(customer_id: str, contact: dict[str, Any], *, now: datetime) -> Steps[None]:
    email = contact.get("email")
    values = [contact.get(name) for name in CONTACT]
    is_guest, created_at = contact.get("is_guest", 0), to_microseconds(now)
    yield from insert_new(
        "INSERT INTO customer_profiles"
        " (customer_id, email, first_name, last_name, phone, email_key, is_guest, profiling, created_at, version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                customer_id,
                *values,
                _email_key(email),
                is_guest,
                int(contact.get("profiling", 1)),
                created_at,
                first_version(created_at, is_guest=bool(is_guest)),
            )
        ],
    )


def _reserve(email_key: str | None, customer_id: str) -> Steps[None]:
    """Take an e-mail address for an update in this transaction: an UPDATE cannot leave a conflict out, an INSERT can.

    Other transactions that insert the address wait for this one, also after the inserted row is gone.
    """
    reservation = "\n" + customer_id  # No customer has such an id.
    yield from insert_new(
        "INSERT INTO customer_profiles (customer_id, email_key, created_at, version) VALUES (?, ?, 0, 0)",
        [(reservation, email_key)],
    )
    yield from rows("DELETE FROM customer_profiles WHERE customer_id = :reservation", reservation=reservation)


def assign_segment(customer_id: str, segment: Segment | None) -> Steps[None]:
    if segment is None:
        yield from rows("DELETE FROM customer_segments WHERE customer_id = :customer_id", customer_id=customer_id)
    else:
        yield from rows(
            "INSERT INTO customer_segments (customer_id, segment) VALUES (:customer_id, :segment)"
            " ON CONFLICT (customer_id) DO UPDATE SET segment = excluded.segment",
            customer_id=customer_id,
            segment=segment,
        )


def owner_of(email: str | None) -> Steps[str | None]:
    if email is None:
        return None
    row = yield from one_or_none(
        "SELECT customer_id FROM customer_profiles WHERE email_key = :email_key", email_key=_email_key(email)
    )
    return None if row is None else row[0]


def _email_key(email: str | None) -> str | None:
    """Return the e-mail address in one case, which must be unique."""
    return None if email is None else email.casefold()
