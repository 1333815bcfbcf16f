"""Stored lists, each valid for the versions that it was computed from."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from domain.errors import CustomerNotFound
from domain.ports import StoredList
from domain.records.recommendations import RecommendationList, ScoredList
from domain.records.values import to_microseconds
from infra.storage.sql.statements import Steps, executemany, one_or_none, rows

T = TypeVar("T")
logger = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode_first_page = msgspec.msgpack.Decoder(RecommendationList).decode
decode_list = msgspec.msgpack.Decoder(ScoredList).decode


def read_first_page(customer_id: str) -> Steps[RecommendationList | None]:
    return (yield from _read_current(customer_id, "beginning", _decode_first_page))


def read_list(customer_id: str) -> Steps[ScoredList | None]:
    return (yield from _read_current(customer_id, "list", decode_list))


def _read_current(customer_id: str, column: str, decode: Callable[[bytes], T]) -> Steps[T | None]:
    """Read a stored list with one statement; return None if it is not current or cannot be decoded."""
    row = yield from one_or_none(
        f"SELECT p.version, s.catalogue_version, s.model_id, r.customer_version, r.catalogue_version, r.model_id, r.{column}"
        " FROM shop_state s JOIN customer_profiles p ON p.customer_id = :customer_id"
        " LEFT JOIN customer_recommendations r ON r.customer_id = p.customer_id",
        customer_id=customer_id,
    )
    if row is None:
        raise CustomerNotFound(customer_id)
    if row[:3] != row[3:6]:
        return None
    try:
        return decode(row[6])
    except msgspec.DecodeError:
        logger.warning("A stored list cannot be decoded. It is computed again.")
        return None


def store(stored: StoredList) -> Steps[None]:
    """Store a list if it was computed from the current version of its customer; another one would never be served."""
    yield from rows(
        "INSERT INTO customer_recommendations"
        " (customer_id, generated_at, customer_version, catalogue_version, model_id, beginning, list)"
        " SELECT customer_id, :generated_at, :customer_version, :catalogue_version, :model_id, :first_page, :list"
        # The condition also keeps out lists of a customer who was erased meanwhile, and lists that name events which were
        # purged meanwhile: both change the version.
        " FROM customer_profiles WHERE customer_id = :customer_id AND version = :customer_version FOR UPDATE"
        " ON CONFLICT (customer_id) DO UPDATE SET generated_at = excluded.generated_at,"
        " customer_version = excluded.customer_version, catalogue_version = excluded.catalogue_version,"
        " model_id = excluded.model_id, beginning = excluded.beginning, list = excluded.list",
        customer_id=stored.recommendations.customer_id,
        generated_at=to_microseconds(stored.recommendations.generated_at),
        customer_version=stored.versions.customer,
        catalogue_version=stored.versions.catalogue,
        model_id=stored.versions.model_id,
        first_page=_encode(stored.first_page),
        list=_encode(stored.recommendations),
    )


def forget(customer_ids: Iterable[str]) -> Steps[None]:
    """Delete the stored lists of customers, because the causes of reasons name their deleted events."""
    yield from executemany(
        "DELETE FROM customer_recommendations WHERE customer_id = ?",
        [(customer_id,) for customer_id in sorted(customer_ids)],
    )
