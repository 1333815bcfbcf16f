"""Stored lists, and the inputs that new ones are made of."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

import msgspec

from domain.errors import CustomerNotFound
from domain.ranking.inputs import (
    MAX_HISTORY_CATEGORIES,
    MAX_HISTORY_EVENTS,
    CandidateQuery,
    NeighbourLists,
    PastEvent,
    RankingInputs,
    StoredList,
    Versions,
)
from domain.ranking.model import UNTRAINED, Model, WeightedProducts
from domain.records.customers import SegmentInputs
from domain.records.products import Product
from domain.records.recommendations import RecommendationList, ScoredList
from domain.records.values import to_microseconds
from infra.storage.sql import catalogue
from infra.storage.sql.cache import Cache
from infra.storage.sql.statements import Row, Steps, executemany, one_or_none, rows

T = TypeVar("T")
logger = logging.getLogger(__name__)

VERSIONS = (
    "SELECT p.version, s.catalogue_version, s.model_id FROM shop_state s"
    " JOIN customer_profiles p ON p.customer_id = :customer_id"
)
HISTORY = f"""
    SELECT product_id, event_type, occurred_at FROM (
        SELECT * FROM (SELECT product_id, event_type, occurred_at FROM browsing_history
            WHERE customer_id = :customer_id ORDER BY occurred_at DESC LIMIT {MAX_HISTORY_EVENTS}) b
        UNION ALL
        SELECT * FROM (SELECT product_id, 'purchase', occurred_at FROM purchase_history
            WHERE customer_id = :customer_id ORDER BY occurred_at DESC LIMIT {MAX_HISTORY_EVENTS}) o
    ) e ORDER BY occurred_at DESC, product_id, event_type LIMIT {MAX_HISTORY_EVENTS}"""
BOUGHT = "SELECT product_id, MAX(occurred_at) FROM purchase_history WHERE customer_id = :customer_id GROUP BY product_id"
_encode = msgspec.msgpack.Encoder().encode
_decode_first_page = msgspec.msgpack.Decoder(RecommendationList).decode
_decode_list = msgspec.msgpack.Decoder(ScoredList).decode


def read_first_page(customer_id: str) -> Steps[RecommendationList | None]:
    return (yield from _read_current(customer_id, "beginning", _decode_first_page))


def read_list(customer_id: str) -> Steps[ScoredList | None]:
    return (yield from _read_current(customer_id, "list", _decode_list))


def _read_current(customer_id: str, column: str, decode: Callable[[bytes], T]) -> Steps[T | None]:
    """Read what is stored with one statement, if it is current; what cannot be decoded counts as nothing."""
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
        logger.warning("A stored list cannot be decoded; it is computed again.")
        return None


def store(stored: StoredList) -> Steps[None]:
    """Keep a list that knows the newest version of its customer; one that does not would not be served."""
    yield from rows(
        "INSERT INTO customer_recommendations"
        " (customer_id, generated_at, customer_version, catalogue_version, model_id, beginning, list)"
        " SELECT customer_id, :generated_at, :customer_version, :catalogue_version, :model_id, :first_page, :list"
        # Nothing is kept of a customer who was erased meanwhile, nor before an erasure under way has deleted it; nor what
        # tells of events that were purged meanwhile, which made another version.
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
    """Delete what is kept for these customers, since its causes tell of events that are no longer kept."""
    yield from executemany(
        "DELETE FROM customer_recommendations WHERE customer_id = ?",
        [(customer_id,) for customer_id in sorted(customer_ids)],
    )


def versions(customer_id: str, *, lock: bool = False) -> Steps[Versions]:
    """Read what the customer's list rests on; `lock` keeps other writers of the customer waiting."""
    row = yield from one_or_none(VERSIONS + " FOR UPDATE OF p" * lock, customer_id=customer_id)
    if row is None:
        raise CustomerNotFound(customer_id)
    return versions_from(row)


def versions_from(row: Row) -> Versions:
    """Make versions of a row that begins with what VERSIONS finds."""
    return Versions(customer=row[0], catalogue=row[1], model_id=row[2])


def gather(
    customer_id: str, *, at: Versions, segment_inputs: SegmentInputs, model: Model, cache: Cache, category: str | None
) -> Steps[RankingInputs]:
    past = yield from history(customer_id, cache=cache, catalogue_version=at.catalogue)
    products = {event.product.product_index: None for event in past}
    categories = dict.fromkeys(event.product.category for event in past if event.product.category)
    wanted = [*([category] if category else []), *categories][:MAX_HISTORY_CATEGORIES]
    bought = yield from rows(BOUGHT, customer_id=customer_id)
    return RankingInputs(
        customer_id=customer_id,
        versions=at,
        segment_inputs=segment_inputs,
        history=past,
        bought=dict(bought),
        neighbours=(yield from _neighbours(at.model_id, products, cache=cache)),
        category_trends=(yield from _category_trends(at.model_id, wanted, cache=cache)),
        model=model,
        recent_popularity=(yield from recent_popularity()) if model is UNTRAINED else WeightedProducts(),
    )


def candidates(query: CandidateQuery, *, cache: Cache) -> Steps[list[Product]]:
    """Find what `query` asks for: by index, then the newest of the categories, then the newest that fill."""
    version = yield from catalogue.version()
    indexes = dict.fromkeys(query.product_indexes)
    newest = yield from catalogue.newest_of(query.categories, n=query.n_newest, version=version, cache=cache)
    indexes.update(dict.fromkeys(newest))
    found = yield from catalogue.by_index(indexes, version=version, cache=cache)
    admitted = {product.product_index: product for product in found if product.available and query.request.admits(product)}
    wanted = query.n_fill - sum(product.product_id not in query.seen for product in admitted.values())
    if wanted > 0:
        filling = yield from catalogue.newest_admitted(query.request, n=wanted + len(admitted) + len(query.seen))
        found = yield from catalogue.by_index(filling, version=version, cache=cache)
        admitted |= {product.product_index: product for product in found}
    return list(admitted.values())


def history(customer_id: str, *, cache: Cache, catalogue_version: int) -> Steps[list[PastEvent]]:
    """Read the last interactions and order items, newest first."""
    past = yield from rows(HISTORY, customer_id=customer_id)
    products = yield from catalogue.by_id({row[0] for row in past}, version=catalogue_version, cache=cache)
    return [
        PastEvent(product=products[product_id], event_type=event_type, occurred_at=occurred_at)
        for product_id, event_type, occurred_at in past
    ]


def _neighbours(model_id: str, product_indexes: Collection[int], *, cache: Cache) -> Steps[list[NeighbourLists]]:
    held, missing = cache.neighbours.under(model_id, product_indexes)
    if missing:
        found = yield from rows(
            "SELECT product_index, bought_together, viewed_together, similar_product FROM product_neighbours"
            " WHERE model_id = :model_id AND product_index IN (:missing)",
            model_id=model_id,
            missing=missing,
        )
        held.update(dict.fromkeys(missing))
        held.update((row[0], neighbours_from(row)) for row in found)
    return [lists for index in product_indexes if (lists := held[index])]


def neighbours_from(row: Row) -> NeighbourLists:
    index, bought, viewed, similar = row
    return NeighbourLists(product_index=index, bought_together=bought, viewed_together=viewed, similar_product=similar)


def _category_trends(model_id: str, categories: Sequence[str], *, cache: Cache) -> Steps[dict[str, bytes]]:
    held, missing = cache.category_trends.under(model_id, categories)
    if missing:
        found = yield from rows(
            "SELECT category, products FROM product_trends WHERE model_id = :model_id AND category IN (:missing)",
            model_id=model_id,
            missing=missing,
        )
        held.update(dict.fromkeys(missing))
        held.update(found)
    return {category: packed for category in categories if (packed := held[category])}


def recent_popularity() -> Steps[WeightedProducts]:
    """Count the last 1,000 interactions and order items; it serves until the first training."""
    found = yield from rows(
        "SELECT p.product_index, COUNT(*) FROM ("
        "  SELECT product_id FROM (SELECT product_id FROM browsing_history ORDER BY occurred_at DESC LIMIT 1000) b"
        "  UNION ALL"
        "  SELECT product_id FROM (SELECT product_id FROM purchase_history ORDER BY occurred_at DESC LIMIT 1000) o"
        ") e JOIN product_catalog p ON p.product_id = e.product_id"
        " GROUP BY p.product_index ORDER BY COUNT(*) DESC, p.product_index LIMIT 200"
    )
    most = found[0][1] if found else 1
    return WeightedProducts(products=tuple(index for index, _ in found), weights=tuple(count / most for _, count in found))
