"""A person's data as a whole: exporting it, erasing it, and keeping who was erased from coming back."""

import hashlib
import secrets
from collections.abc import Collection
from itertools import groupby

import msgspec

from domain.errors import CustomerNotFound
from domain.ports import Outcome
from domain.records.customers import Customer, StoredAddress
from domain.records.privacy import RecordedInteraction, RecordedItem, RecordedOrder, StoredPerson
from domain.records.recommendations import ScoredList
from domain.records.values import from_microseconds, from_units
from infra.storage.sql.statements import Steps, one, one_or_none, rows

PERSONAL = (
    "customer_recommendations",
    "browsing_history",
    "purchase_history",
    "customer_addresses",
    "customer_segments",
    "customer_profiles",
)
"""The tables that hold a person's data, all by `customer_id`; the last is the one that the others refer to."""

REFUSED = Outcome(status="refused", field="customer_id", reason="erased")
"""What becomes of an imported record of an erased customer."""

_decode_list = msgspec.msgpack.Decoder(ScoredList).decode


def export(customer: Customer, addresses: list[StoredAddress]) -> Steps[StoredPerson]:
    """Add to what a profile shows all events and the stored list."""
    customer_id = customer.customer_id
    return StoredPerson(
        customer=customer,
        addresses=addresses,
        browsing=(yield from _browsing(customer_id)),
        purchases=(yield from _purchases(customer_id)),
        recommendations=(yield from _kept_list(customer_id)),
    )


def erase(customer_id: str) -> Steps[None]:
    """Delete a person and leave a keyed hash of the id; raise CustomerNotFound, but not for an unfinished erasure."""
    known = yield from one_or_none(
        "SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE", customer_id=customer_id
    )
    if known is None:
        yield from _check_unfinished(customer_id)
        return
    yield from rows("UPDATE shop_state SET erasure_key = :new WHERE erasure_key IS NULL", new=secrets.token_bytes(32))
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    for table in PERSONAL:
        yield from rows(f"DELETE FROM {table} WHERE customer_id = :customer_id", customer_id=customer_id)
    yield from rows(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (:id_hash, 0)", id_hash=_hash(customer_id, key)
    )


def finish(customer_id: str) -> Steps[None]:
    """Note that nothing is left of a person in any file."""
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    yield from rows("UPDATE erased_customers SET is_finished = 1 WHERE id_hash = :id_hash", id_hash=_hash(customer_id, key))


def erased(customer_ids: Collection[str]) -> Steps[frozenset[str]]:
    """Tell which of the customers were erased; asks once where nobody ever was."""
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    if key is None:
        return frozenset()
    hashes = {_hash(customer_id, key): customer_id for customer_id in customer_ids}
    found = yield from rows("SELECT id_hash FROM erased_customers WHERE id_hash IN (:hashes)", hashes=list(hashes))
    return frozenset(hashes[id_hash] for (id_hash,) in found)


def _check_unfinished(customer_id: str) -> Steps[None]:
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    if key is None or not (
        yield from rows(
            "SELECT 1 FROM erased_customers WHERE id_hash = :id_hash AND is_finished = 0", id_hash=_hash(customer_id, key)
        )
    ):
        raise CustomerNotFound(customer_id)


def _hash(customer_id: str, key: bytes) -> str:
    return hashlib.blake2b(customer_id.encode(), key=key, digest_size=32).hexdigest()


def _browsing(customer_id: str) -> Steps[list[RecordedInteraction]]:
    found = yield from rows(
        "SELECT event_id, product_id, event_type, dwell_seconds, occurred_at FROM browsing_history"
        " WHERE customer_id = :customer_id ORDER BY occurred_at, event_id",
        customer_id=customer_id,
    )
    return [
        RecordedInteraction(
            event_id=event_id,
            product_id=product_id,
            event_type=event_type,
            dwell_seconds=dwell_seconds,
            occurred_at=from_microseconds(occurred_at),
        )
        for event_id, product_id, event_type, dwell_seconds, occurred_at in found
    ]


def _purchases(customer_id: str) -> Steps[list[RecordedOrder]]:
    found = yield from rows(
        "SELECT occurred_at, order_id, currency, product_id, quantity, unit_price FROM purchase_history"
        " WHERE customer_id = :customer_id ORDER BY occurred_at, order_id, line",
        customer_id=customer_id,
    )
    return [
        RecordedOrder(
            order_id=order_id,
            currency=currency,
            occurred_at=from_microseconds(occurred_at),
            items=[
                RecordedItem(
                    product_id=product_id, quantity=quantity, unit_price=None if price is None else from_units(price)
                )
                for *_, product_id, quantity, price in lines
            ],
        )
        for (occurred_at, order_id, currency), lines in groupby(found, key=lambda row: tuple(row[:3]))
    ]


def _kept_list(customer_id: str) -> Steps[ScoredList | None]:
    """Read the stored list, current or not; one that cannot be decoded tells nothing."""
    row = yield from one_or_none(
        "SELECT list FROM customer_recommendations WHERE customer_id = :customer_id", customer_id=customer_id
    )
    try:
        return None if row is None else _decode_list(row[0])
    except msgspec.DecodeError:
        return None
