"""Stored lists, each valid for the versions that it was computed from."""

import logging
from collections.abc import Iterable

import msgspec

from domain.ports import StoredList
from domain.records.recommendations import RecommendationList
from domain.records.values import to_microseconds
from infra.storage.sql import merged_guests
from infra.storage.sql.statements import Row, Steps, executemany, rows

logger = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(RecommendationList).decode


def read(customer_id: str, length: int) -> Steps[tuple[str, Row, RecommendationList | None]]:
    """Read the stored id of a customer, the current versions and the stored list; raise CustomerNotFound.

    The list is None if it is not current or was asked for with less than `length`.
    """
    row = yield from merged_guests.row_of(
        "SELECT p.customer_id, p.version, s.catalogue_version, s.model_id, r.customer_version, r.catalogue_version,"
        " r.model_id, r.length, r.list FROM shop_state s JOIN customer_profiles p ON p.customer_id = :customer_id"
        " LEFT JOIN customer_recommendations r ON r.customer_id = p.customer_id",
        customer_id,
    )
    is_current = row[1:4] == row[4:7] and row[7] >= length
    return row[0], row[1:4], decode(row[8]) if is_current else None


def versions_of(stored: StoredList) -> Row:
    """Return the versions that a list was computed from: of the customer, the catalogue and the model."""
    return stored.state.version, stored.state.catalogue_version, stored.state.model.model_id


def decode(packed: bytes) -> RecommendationList | None:
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
        customer_id=stored.recommendations.customer_id,
        generated_at=to_microseconds(stored.recommendations.generated_at),
        customer_version=stored.state.version,
        catalogue_version=stored.state.catalogue_version,
        model_id=stored.state.model.model_id,
        length=stored.length,
        list=_encode(stored.recommendations),
    )


def forget(customer_ids: Iterable[str]) -> Steps[None]:
    """Delete what is derived from the events of customers and names events that were deleted."""
    ordered = [(customer_id,) for customer_id in sorted(customer_ids)]
    for table in ("customer_recommendations", "customer_histories"):
        yield from executemany(f"DELETE FROM {table} WHERE customer_id = ?", ordered)
