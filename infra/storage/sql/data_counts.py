"""Counts of what weakens lists. Each statement reads a bounded number of rows, in the order of an index."""

from typing import Any

from domain.ports.diagnosis import Share
from infra.storage.sql import imports
from infra.storage.sql.catalogue import UNLISTED
from infra.storage.sql.filters import AVAILABLE
from infra.storage.sql.statements import Steps, one

MAX_PRODUCTS = 200_000
"""As many as a process reads to search a whole catalogue: about a tenth of a second."""
MAX_EVENTS = 20_000
"""Of the newest of each table: weeks of most shops, and a few hundredths of a second together."""
MAX_UNTRAINED = 100_000
"""More events of each table than that without a training are one problem, however many there are."""
MAX_CUSTOMERS = 10_000
"""Each of them is looked up in two indexes."""

Counts = dict[str, Any]


def of_products() -> Steps[Counts]:
    """Count the products added last by what they lack."""
    n, n_unlisted, no_category, no_price, no_name, no_picture, first, last = yield from one(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE withdrawn = :unlisted),"
        " COUNT(*) FILTER (WHERE withdrawn <> :unlisted AND category IS NULL),"
        " COUNT(*) FILTER (WHERE withdrawn <> :unlisted AND price IS NULL),"
        " COUNT(*) FILTER (WHERE withdrawn <> :unlisted AND name = product_id),"
        " COUNT(*) FILTER (WHERE withdrawn <> :unlisted AND image_url IS NULL), MIN(created_at), MAX(created_at)"
        # Indexes are given one by one, and a subquery with a limit would copy all rows.
        " FROM product_catalog WHERE product_index > (SELECT MAX(product_index) - :n FROM product_catalog)",
        unlisted=UNLISTED,
        n=MAX_PRODUCTS,
    )
    n_listed = n - n_unlisted
    return {
        "unlisted": Share(n_unlisted, n),
        "without_category": Share(no_category, n_listed),
        "without_price": Share(no_price, n_listed),
        "without_name": Share(no_name, n_listed),
        "without_picture": Share(no_picture, n_listed),
        "first_created_at": first or 0,
        "last_created_at": last or 0,
    }


def of_events(newest_trained_at: int) -> Steps[Counts]:
    """Find the newest view and order, and count the newest events, and those newer than the model."""
    n_browsing, newest_view_at = yield from one(
        "SELECT COUNT(*), MAX(CASE WHEN event_type = 'view' THEN occurred_at END) FROM"
        " (SELECT event_type, occurred_at FROM browsing_history ORDER BY occurred_at DESC LIMIT :n) b",
        n=MAX_EVENTS,
    )
    n_items, newest_order_at = yield from one(
        "SELECT COUNT(*), MAX(occurred_at) FROM"
        " (SELECT occurred_at FROM purchase_history ORDER BY occurred_at DESC LIMIT :n) o",
        n=MAX_EVENTS,
    )
    n_newer_interactions, n_newer_items = yield from one(
        "SELECT (SELECT COUNT(*) FROM (SELECT 1 AS one FROM browsing_history WHERE occurred_at > :newest LIMIT :n) b),"
        " (SELECT COUNT(*) FROM (SELECT 1 AS one FROM purchase_history WHERE occurred_at > :newest LIMIT :n) o)",
        newest=newest_trained_at,
        n=MAX_UNTRAINED,
    )
    return {
        "newest_view_at": newest_view_at,
        "newest_order_at": newest_order_at,
        "n_recent_events": n_browsing + n_items,
        "n_untrained": n_newer_interactions + n_newer_items,
    }


def of_orders() -> Steps[Counts]:
    """Count the newest orders, and those with one item only."""
    n_orders, n_single = yield from one(
        "SELECT COUNT(*), COUNT(*) FILTER (WHERE n_lines = 1) FROM (SELECT order_id, COUNT(*) AS n_lines FROM"
        "  (SELECT order_id FROM purchase_history ORDER BY occurred_at DESC LIMIT :n) o GROUP BY order_id) g",
        n=MAX_EVENTS,
    )
    return {"single_item_orders": Share(n_single, n_orders)}


def of_touched_products(n_recent_events: int) -> Steps[Share]:
    """Count the available products, and those that the newest events name, unless there are fewer events than products."""
    (n_available,) = yield from one(f"SELECT COUNT(*) FROM product_catalog p WHERE {AVAILABLE}")
    if n_recent_events < n_available:
        return Share(0, n_available)
    (n_touched,) = yield from one(
        "SELECT COUNT(*) FROM"
        " (SELECT product_id FROM (SELECT product_id FROM browsing_history ORDER BY occurred_at DESC LIMIT :n) b"
        "  UNION SELECT product_id FROM (SELECT product_id FROM purchase_history ORDER BY occurred_at DESC LIMIT :n) o) e"
        f" CROSS JOIN product_catalog p WHERE p.product_id = e.product_id AND {AVAILABLE}",
        n=MAX_EVENTS,
    )
    return Share(n_touched, n_available)


def of_customers() -> Steps[Counts]:
    """Count the customers, without guests, and those without an event; and the guests."""
    n_customers, n_silent = yield from one(
        "SELECT COUNT(*), COUNT(CASE WHEN NOT EXISTS (SELECT 1 FROM browsing_history b WHERE b.customer_id = c.customer_id)"
        "  AND NOT EXISTS (SELECT 1 FROM purchase_history o WHERE o.customer_id = c.customer_id) THEN 1 END) FROM"
        " (SELECT customer_id FROM (SELECT customer_id FROM customer_profiles WHERE is_guest = 0"
        "   ORDER BY customer_id LIMIT :n) lowest"
        "  UNION SELECT customer_id FROM (SELECT customer_id FROM customer_profiles WHERE is_guest = 0"
        "   ORDER BY customer_id DESC LIMIT :n) highest) c",
        n=MAX_CUSTOMERS // 2,
    )
    (n_guests,) = yield from one(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM customer_profiles WHERE is_guest = 1 LIMIT :n) g", n=MAX_CUSTOMERS
    )
    return {"silent_customers": Share(n_silent, n_customers), "n_guests": n_guests}


def of_last_import() -> Steps[Share]:
    """Count the lines of the last import, and those of them that were refused."""
    newest = yield from imports.newest(1)
    counts = newest[0].counts if newest else {}
    return Share(counts.get("refused", 0), sum(counts.values()))
