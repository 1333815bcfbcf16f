"""Products that only events have named so far: no list contains them until the catalogue names them."""

from collections.abc import Collection
from datetime import datetime

from domain.errors import TooManyItems
from infra.storage.sql import catalogue
from infra.storage.sql.known_products import find
from infra.storage.sql.statements import Steps, one, rows

MAX_CREATED = 100
"""Keeps a transaction at 1,000 rows, beside the events that name the products."""


def create_unknown(product_ids: Collection[str], *, now: datetime, currency: str) -> Steps[list[str]]:
    """Create the products that nobody named before; return all of `product_ids` that the catalogue does not name yet.

    Raise TooManyItems beyond MAX_CREATED. The version of the catalogue stays, because no list changes.
    """
    unknown = sorted(set(product_ids) - (yield from find(product_ids)).keys())
    if len(unknown) > MAX_CREATED:
        raise TooManyItems(f"One call creates at most {MAX_CREATED} products.")
    if unknown:
        (next_index,) = yield from one(
            "UPDATE shop_state SET next_product_index = next_product_index + :n RETURNING next_product_index", n=len(unknown)
        )
        yield from catalogue.insert_unlisted(unknown, first_index=next_index - len(unknown), now=now, currency=currency)
    unlisted = yield from rows(
        "SELECT p.product_id FROM product_catalog p LEFT JOIN product_aliases a ON a.alias = p.product_id"
        " WHERE p.product_id IN (:product_ids) AND p.withdrawn = :unlisted AND a.alias IS NULL ORDER BY p.product_id",
        product_ids=sorted(set(product_ids)),
        unlisted=catalogue.UNLISTED,
    )
    return [product_id for (product_id,) in unlisted]
