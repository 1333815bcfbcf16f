"""Stored lists, and the evidence that new ones are made of."""

import json
import logging
import sqlite3
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import msgspec

from domain.customers import Standing
from domain.errors import CustomerNotFound
from domain.evidence import (
    HISTORY_LENGTH,
    CandidateQuery,
    Evidence,
    NeighbourLists,
    PastEvent,
    StoredList,
    Versions,
)
from domain.fields import to_microseconds
from domain.model import UNTRAINED, Model, WeightedProducts
from domain.products import Product
from domain.recommendations import RecommendationList, ScoredList
from infra.sqlite import catalogue
from infra.sqlite.cache import Cache

T = TypeVar("T")
logger = logging.getLogger(__name__)

MOST_CATEGORIES = 8
_encode = msgspec.msgpack.Encoder().encode
_decode_beginning = msgspec.msgpack.Decoder(RecommendationList).decode
_decode_list = msgspec.msgpack.Decoder(ScoredList).decode


def read_beginning(connection: sqlite3.Connection, customer_id: str) -> RecommendationList | None:
    return _read_current(connection, customer_id, "beginning", _decode_beginning)


def read_list(connection: sqlite3.Connection, customer_id: str) -> ScoredList | None:
    return _read_current(connection, customer_id, "list", _decode_list)


def _read_current(connection: sqlite3.Connection, customer_id: str, column: str, decode: Callable[[bytes], T]) -> T | None:
    """Read what is stored with one statement, if it is current; what cannot be decoded counts as nothing."""
    row = connection.execute(
        f"SELECT p.version, s.catalogue_version, s.model_id, r.customer_version, r.catalogue_version, r.model_id, r.{column}"
        " FROM shop_state s JOIN customer_profiles p ON p.customer_id = ?"
        " LEFT JOIN customer_recommendations r ON r.customer_id = p.customer_id",
        (customer_id,),
    ).fetchone()
    if row is None:
        raise CustomerNotFound(customer_id)
    if row[:3] != row[3:6]:
        return None
    try:
        return decode(row[6])
    except msgspec.DecodeError:
        logger.warning("A stored list cannot be decoded; it is computed again.")
        return None


def store(connection: sqlite3.Connection, stored: StoredList) -> None:
    """Keep a list unless one of a newer version of the customer is there: versions decide, not the clock."""
    versions = stored.versions
    connection.execute(
        "INSERT INTO customer_recommendations"
        " (customer_id, generated_at, customer_version, catalogue_version, model_id, beginning, list)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (customer_id) DO UPDATE SET generated_at = excluded.generated_at,"
        " customer_version = excluded.customer_version, catalogue_version = excluded.catalogue_version,"
        " model_id = excluded.model_id, beginning = excluded.beginning, list = excluded.list"
        " WHERE excluded.customer_version >= customer_recommendations.customer_version",
        (
            stored.recommendations.customer_id,
            to_microseconds(stored.recommendations.generated_at),
            versions.customer,
            versions.catalogue,
            versions.model_id,
            _encode(stored.beginning),
            _encode(stored.recommendations),
        ),
    )


def versions(connection: sqlite3.Connection, customer_id: str) -> Versions:
    row = connection.execute(
        "SELECT p.version, s.catalogue_version, s.model_id FROM shop_state s JOIN customer_profiles p ON p.customer_id = ?",
        (customer_id,),
    ).fetchone()
    if row is None:
        raise CustomerNotFound(customer_id)
    return Versions(customer=row[0], catalogue=row[1], model_id=row[2])


def gather(
    connection: sqlite3.Connection,
    customer_id: str,
    *,
    at: Versions,
    standing: Standing,
    model: Model,
    cache: Cache,
    category: str | None,
) -> Evidence:
    past = history(connection, customer_id, cache=cache, catalogue_version=at.catalogue)
    products = {event.product.product_index: None for event in past}
    categories = dict.fromkeys(event.product.category for event in past if event.product.category)
    wanted = [*([category] if category else []), *categories][:MOST_CATEGORIES]
    return Evidence(
        customer_id=customer_id,
        versions=at,
        standing=standing,
        history=past,
        bought=_bought(connection, customer_id),
        neighbours=_neighbours(connection, at.model_id, products, cache=cache),
        category_trends=_category_trends(connection, at.model_id, wanted),
        model=model,
        recent_popularity=_recent_popularity(connection) if model is UNTRAINED else WeightedProducts(),
    )


def candidates(connection: sqlite3.Connection, query: CandidateQuery, *, cache: Cache) -> list[Product]:
    """Find what `query` asks for: by index, then the newest of the categories, then the newest that fill."""
    version = catalogue.version_of(connection)
    indexes = dict.fromkeys(query.product_indexes)
    newest = catalogue.newest_of(connection, query.categories, n=query.n_newest, version=version, cache=cache)
    indexes.update(dict.fromkeys(newest))
    found = catalogue.by_index(connection, indexes, version=version, cache=cache)
    admitted = {product.product_index: product for product in found if product.available and query.request.admits(product)}
    wanted = query.n_fill - sum(product.product_id not in query.seen for product in admitted.values())
    if wanted > 0:
        filling = catalogue.newest_admitted(connection, query.request, n=wanted + len(admitted) + len(query.seen))
        found = catalogue.by_index(connection, filling, version=version, cache=cache)
        admitted |= {product.product_index: product for product in found}
    return list(admitted.values())


def history(connection: sqlite3.Connection, customer_id: str, *, cache: Cache, catalogue_version: int) -> list[PastEvent]:
    """Read the last interactions and order items, newest first."""
    rows = connection.execute(
        "SELECT product_id, event_type, occurred_at FROM ("
        "  SELECT * FROM (SELECT product_id, event_type, occurred_at FROM browsing_history"
        "    WHERE customer_id = :customer_id ORDER BY occurred_at DESC LIMIT :n)"
        "  UNION ALL"
        "  SELECT * FROM (SELECT product_id, 'purchase', occurred_at FROM purchase_history"
        "    WHERE customer_id = :customer_id ORDER BY occurred_at DESC LIMIT :n)"
        ") ORDER BY occurred_at DESC, product_id, event_type LIMIT :n",
        {"customer_id": customer_id, "n": HISTORY_LENGTH},
    ).fetchall()
    products = catalogue.by_id(connection, {row[0] for row in rows}, version=catalogue_version, cache=cache)
    return [
        PastEvent(product=products[product_id], event_type=event_type, occurred_at=occurred_at)
        for product_id, event_type, occurred_at in rows
    ]


def _bought(connection: sqlite3.Connection, customer_id: str) -> dict[str, int]:
    rows = connection.execute(
        "SELECT product_id, MAX(occurred_at) FROM purchase_history WHERE customer_id = ? GROUP BY product_id",
        (customer_id,),
    )
    return dict(rows.fetchall())


def _neighbours(
    connection: sqlite3.Connection, model_id: str, product_indexes: Collection[int], *, cache: Cache
) -> list[NeighbourLists]:
    held, missing = cache.neighbours.under(model_id, product_indexes)
    if missing:
        rows = connection.execute(
            "SELECT product_index, bought_together, viewed_together, similar_product FROM product_neighbours"
            " WHERE model_id = ? AND product_index IN (SELECT value FROM json_each(?))",
            (model_id, json.dumps(missing)),
        )
        held.update(dict.fromkeys(missing))
        for index, bought, viewed, similar in rows:
            held[index] = NeighbourLists(
                product_index=index, bought_together=bought, viewed_together=viewed, similar_product=similar
            )
    return [lists for index in product_indexes if (lists := held[index])]


def _category_trends(connection: sqlite3.Connection, model_id: str, categories: list[str]) -> dict[str, bytes]:
    rows = connection.execute(
        "SELECT category, products FROM product_trends WHERE model_id = ? AND category IN (SELECT value FROM json_each(?))",
        (model_id, json.dumps(categories)),
    )
    return dict(rows.fetchall())


def _recent_popularity(connection: sqlite3.Connection) -> WeightedProducts:
    """Count the last 1,000 interactions and order items as they were recorded; it serves until the first training."""
    rows: list[Any] = connection.execute(
        "SELECT p.product_index, COUNT(*) FROM ("
        "  SELECT product_id FROM (SELECT product_id FROM browsing_history ORDER BY rowid DESC LIMIT 1000)"
        "  UNION ALL"
        "  SELECT product_id FROM (SELECT product_id FROM purchase_history ORDER BY rowid DESC LIMIT 1000)"
        ") e JOIN product_catalog p ON p.product_id = e.product_id"
        " GROUP BY p.product_index ORDER BY COUNT(*) DESC, p.product_index LIMIT 200"
    ).fetchall()
    most = rows[0][1] if rows else 1
    return WeightedProducts(products=tuple(index for index, _ in rows), weights=tuple(count / most for _, count in rows))
