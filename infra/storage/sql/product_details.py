"""A product as the shop sees it, with the numbers of its last days."""

from datetime import datetime, timedelta

from domain.errors import ProductNotFound
from domain.records.attributes import unpack_attributes, unpack_tags
from domain.records.product_updates import COUNTED_DAYS, ProductDetails
from domain.records.values import from_microseconds, from_units, to_microseconds
from infra.storage.sql import known_products
from infra.storage.sql.statements import Steps, one, rows


def details(asked: str, *, now: datetime) -> Steps[ProductDetails]:
    """Read a product by its id or an alias; raise ProductNotFound."""
    known = (yield from known_products.find([asked])).get(asked)
    if known is None:
        raise ProductNotFound(asked)
    product_id = known.product_id
    row = yield from one(
        "SELECT name, category, brand, price, currency, tags, attributes, variant_of, in_stock, withdrawn, url, image_url,"
        " created_at FROM product_catalog WHERE product_id = :product_id",
        product_id=product_id,
    )
    aliases = yield from rows(
        "SELECT alias FROM product_aliases WHERE product_id = :product_id ORDER BY alias", product_id=product_id
    )
    views, orders, customers = yield from _counts(product_id, since=now - timedelta(days=COUNTED_DAYS))
    return ProductDetails(
        product_id=product_id,
        name=row[0],
        category=row[1],
        brand=row[2],
        price=None if row[3] is None else from_units(row[3]),
        currency=row[4],
        tags=list(unpack_tags(row[5])),
        attributes=unpack_attributes(row[6]),
        variant_of=row[7],
        aliases=[alias for (alias,) in aliases],
        in_stock=bool(row[8]),
        withdrawn=bool(row[9]),
        url=row[10],
        image_url=row[11],
        created_at=from_microseconds(row[12]),
        views=views,
        orders=orders,
        customers=customers,
    )


def _counts(product_id: str, *, since: datetime) -> Steps[tuple[int, int, int]]:
    """Count views, orders and different customers of a product since an instant."""
    found = yield from one(
        "SELECT (SELECT COUNT(*) FROM browsing_history WHERE product_id = :product_id AND occurred_at >= :since"
        " AND event_type = 'view'), (SELECT COUNT(DISTINCT order_id) FROM purchase_history WHERE product_id = :product_id"
        " AND occurred_at >= :since), (SELECT COUNT(*) FROM (SELECT customer_id FROM browsing_history"
        " WHERE product_id = :product_id AND occurred_at >= :since UNION SELECT customer_id FROM purchase_history"
        " WHERE product_id = :product_id AND occurred_at >= :since) c)",
        product_id=product_id,
        since=to_microseconds(since),
    )
    return found[0], found[1], found[2]
