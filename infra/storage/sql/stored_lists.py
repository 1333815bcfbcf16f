"""Stored lists, each valid for the versions that it was computed from."""

import logging
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from domain.ports.repository import ListVersions, StoredList
from domain.records.recommendations import RankedList
from domain.records.values import to_microseconds
from infra.storage.sql import merged_guests
from infra.storage.sql.customers import EXPERIMENT_KEY
from infra.storage.sql.statements import Steps, executemany, rows

logger = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RankedList).decode


class Current(Struct, frozen=True, kw_only=True):
    """What is current of a customer: stored lists must be of these versions, and a catalogue of `regrouped_in` or later."""

    customer_id: str
    versions: ListVersions
    regrouped_in: int

    def allows(self, stored: StoredList, *, length: int) -> bool:
        """Return whether a stored list is current, and long enough for a request of `length` products."""
        mine, its = self.versions, stored.versions
        if (its.customer, its.model_id) != (mine.customer, mine.model_id) or stored.length < length:
            return False
        # Products that came or became available since may belong into a list that is not full, and a change of any product
        # may change what a rule is about.
        is_whole = len(stored.ranked.items) >= stored.length and not stored.ranked.rules
        is_full = its.catalogue == mine.catalogue or is_whole
        return its.catalogue >= self.regrouped_in and is_full


def read(customer_id: str) -> Steps[tuple[Current, StoredList | None]]:
    """Read what is current, and the stored list, None if there is none that can be decoded.

    A merged guest has those of its customer; raise CustomerNotFound.
    """
    row = yield from merged_guests.row_of(
        "SELECT p.customer_id, p.version, s.catalogue_version, s.model_id, s.regrouped_in, s.rules_version,"
        f" {EXPERIMENT_KEY}, r.customer_version, r.catalogue_version,"
        " r.model_id, r.length, r.list FROM shop_state s JOIN customer_profiles p ON p.customer_id = :customer_id"
        " LEFT JOIN customer_recommendations r ON r.customer_id = p.customer_id",
        customer_id,
    )
    stored_id, customer, catalogue, model_id, regrouped_in, rules, key, *stored_versions, length, packed = row
    current = Current(
        customer_id=stored_id,
        versions=ListVersions(customer=customer, catalogue=catalogue, model_id=model_id, rules=rules, experiment_key=key),
        regrouped_in=regrouped_in,
    )
    # Most lists that are not current are of another version of their customer, and need not be decoded.
    if stored_versions[0] != customer or (ranked := decode(packed)) is None:
        return current, None
    customer, catalogue, model_id = stored_versions
    versions = ListVersions(customer=customer, catalogue=catalogue, model_id=model_id)
    return current, StoredList(ranked=ranked, length=length, versions=versions)


def decode(packed: bytes) -> RankedList | None:
    """Return a stored list, or None if it cannot be decoded."""
    try:
        return _decode(packed)
    except msgspec.DecodeError:
        logger.warning("A stored list cannot be decoded. It is computed again.")
        return None


def store(stored: StoredList) -> Steps[None]:
    """Store a list if it was computed from the current version of its customer; another one would never be served."""
    yield from rows(
        "INSERT INTO customer_recommendations"
        " (customer_id, generated_at, customer_version, catalogue_version, model_id, length, list)"
        " SELECT customer_id, :generated_at, :customer_version, :catalogue_version, :model_id, :length, :list"
        # The condition also keeps out lists of a customer who was erased meanwhile, and lists that name events which were
        # purged meanwhile: both change the version.
        " FROM customer_profiles WHERE customer_id = :customer_id AND version = :customer_version FOR UPDATE"
        " ON CONFLICT (customer_id) DO UPDATE SET generated_at = excluded.generated_at,"
        " customer_version = excluded.customer_version, catalogue_version = excluded.catalogue_version,"
        " model_id = excluded.model_id, length = excluded.length, list = excluded.list",
        customer_id=stored.ranked.customer_id,
        generated_at=to_microseconds(stored.ranked.generated_at),
        customer_version=stored.versions.customer,
        catalogue_version=stored.versions.catalogue,
        model_id=stored.versions.model_id,
        length=stored.length,
        list=_encode(stored.ranked),
    )


def forget(customer_ids: Iterable[str]) -> Steps[None]:
    """Delete what is derived from the events of customers and names events that were deleted."""
    ordered = [(customer_id,) for customer_id in sorted(customer_ids)]
    for table in ("customer_recommendations", "customer_histories"):
        yield from executemany(f"DELETE FROM {table} WHERE customer_id = ?", ordered)
