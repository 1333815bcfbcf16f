"""Read the inputs and the candidates of a new list."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from domain.errors import CustomerNotFound
from domain.ranking.inputs import (
    MAX_HISTORY_EVENTS,
    CandidateQuery,
    PastEvent,
    RankingInputs,
    Versions,
    history_indexes,
    in_order,
    trend_categories,
)
from domain.ranking.model import UNTRAINED, Model, NeighbourLists, WeightedProducts
from domain.records.products import Product
from infra.storage.sql import catalogue
from infra.storage.sql.cache import Cache
from infra.storage.sql.customer_activity import segment_inputs
from infra.storage.sql.statements import Row, Steps, one_or_none, rows

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


class CustomerRead(Struct, frozen=True):
    """One read of a customer: the versions in its snapshot, and the model of that version."""

    customer_id: str
    versions: Versions
    model: Model


def versions(customer_id: str, *, lock: bool = False) -> Steps[Versions]:
    """Read the versions that the customer's list depends on; `lock` makes other writers of the customer wait."""
    row = yield from one_or_none(VERSIONS + " FOR UPDATE OF p" * lock, customer_id=customer_id)
    if row is None:
        raise CustomerNotFound(customer_id)
    return versions_from(row)


def versions_from(row: Row) -> Versions:
    """Return the versions from a row that begins with the columns of VERSIONS."""
    return Versions(customer=row[0], catalogue=row[1], model_id=row[2])


def ranking_inputs(read: CustomerRead, *, category: str | None, currency: str, cache: Cache) -> Steps[RankingInputs]:
    past = yield from history(read, cache=cache)
    indexes, categories = history_indexes(past), trend_categories(past, asked=category)
    neighbours = yield from _neighbours(read.model.model_id, indexes, cache=cache)
    trends = yield from _category_trends(read.model.model_id, categories, cache=cache)
    return RankingInputs(
        customer_id=read.customer_id,
        versions=read.versions,
        segment_inputs=(yield from segment_inputs(read.customer_id, model=read.model, currency=currency)),
        history=past,
        bought=dict((yield from rows(BOUGHT, customer_id=read.customer_id))),
        neighbours=list(in_order(indexes, neighbours).values()),
        category_trends=in_order(categories, trends),
        model=read.model,
        recent_popularity=(yield from recent_popularity(read.model)),
    )


def candidates(query: CandidateQuery, *, cache: Cache) -> Steps[list[Product]]:
    version = yield from catalogue.version()
    newest = yield from catalogue.newest_of(query.categories, n=query.n_newest, version=version, cache=cache)
    indexes = dict.fromkeys((*query.product_indexes, *newest))
    admitted = query.admit((yield from catalogue.by_index(indexes, version=version, cache=cache)))
    if n_missing := query.n_missing(admitted):
        newest = yield from catalogue.newest_admitted(query.request, n=n_missing)
        admitted |= query.admit((yield from catalogue.by_index(newest, version=version, cache=cache)))
    return list(admitted.values())


def history(read: CustomerRead, *, cache: Cache) -> Steps[list[PastEvent]]:
    """Read the last interactions and order items, newest first."""
    past = yield from rows(HISTORY, customer_id=read.customer_id)
    products = yield from catalogue.by_id({row[0] for row in past}, version=read.versions.catalogue, cache=cache)
    return [
        PastEvent(product=products[product_id], event_type=event_type, occurred_at=occurred_at)
        for product_id, event_type, occurred_at in past
    ]


def neighbours_from(row: Row) -> NeighbourLists:
    index, bought, viewed, similar = row
    return NeighbourLists(product_index=index, bought_together=bought, viewed_together=viewed, similar_product=similar)


def recent_popularity(model: Model) -> Steps[WeightedProducts]:
    """Count the customers of each product in the last 1,000 interactions and order items, for a shop without a model."""
    if model is not UNTRAINED:
        return WeightedProducts()
    counted = yield from rows(
        "SELECT p.product_index, COUNT(DISTINCT e.customer_id) AS n FROM ("
        "  SELECT * FROM (SELECT customer_id, product_id FROM browsing_history ORDER BY occurred_at DESC LIMIT 1000) b"
        "  UNION ALL"
        "  SELECT * FROM (SELECT customer_id, product_id FROM purchase_history ORDER BY occurred_at DESC LIMIT 1000) o"
        ") e JOIN product_catalog p ON p.product_id = e.product_id"
        " GROUP BY p.product_index ORDER BY n DESC, p.product_index LIMIT 200"
    )
    most = counted[0][1] if counted else 1
    return WeightedProducts(
        products=tuple(index for index, _ in counted), weights=tuple(count / most for _, count in counted)
    )


def _neighbours(model_id: str, product_indexes: Collection[int], *, cache: Cache) -> Steps[dict[int, NeighbourLists | None]]:
    cached, missing = cache.neighbours.lookup(model_id, product_indexes)
    if missing:
        found = yield from rows(
            "SELECT product_index, bought_together, viewed_together, similar_product FROM product_neighbours"
            " WHERE model_id = :model_id AND product_index IN (:missing)",
            model_id=model_id,
            missing=missing,
        )
        cached.update(dict.fromkeys(missing))
        cached.update((row[0], neighbours_from(row)) for row in found)
    return cached


def _category_trends(model_id: str, categories: Sequence[str], *, cache: Cache) -> Steps[dict[str, bytes | None]]:
    cached, missing = cache.category_trends.lookup(model_id, categories)
    if missing:
        found = yield from rows(
            "SELECT category, products FROM product_trends WHERE model_id = :model_id AND category IN (:missing)",
            model_id=model_id,
            missing=missing,
        )
        cached.update(dict.fromkeys(missing))
        cached.update(found)
    return cached
