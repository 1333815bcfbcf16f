"""What only the dashboard shows: searches, recent events, and counts of the whole shop."""

from collections import defaultdict
from datetime import datetime
from operator import attrgetter
from typing import Any

from domain.records.currencies import Currencies
from domain.records.dashboard import (
    Buyer,
    DayCount,
    FoundCustomer,
    Gap,
    ListedProducts,
    NewestEvent,
    PastEvent,
)
from domain.records.products import Product
from domain.records.values import DAY, from_microseconds, from_units, to_microseconds
from infra.storage.sql import known_products, merged_guests, stored_lists
from infra.storage.sql.catalogue import PRODUCT_COLUMNS, UNLISTED, by_index, product_from
from infra.storage.sql.filters import AVAILABLE
from infra.storage.sql.removals import COUNTED
from infra.storage.sql.statements import Row, Steps, one, rows

N_NEWEST_ITEMS = 200
"""Items of orders among which the latest buyers are looked for."""
N_FIRST = 10
_GAPS: dict[Gap, str] = {"category": "category IS NULL", "price": "price IS NULL", "picture": "image_url IS NULL"}
_CUSTOMER = "SELECT customer_id, first_name, last_name, email, is_guest FROM customer_profiles"


def find_customers(text: str, n: int) -> Steps[list[FoundCustomer]]:
    """Find a customer by id or e-mail address, else customers by a part of the name."""
    merged = yield from merged_guests.read(text)
    found = yield from rows(
        f"{_CUSTOMER} WHERE customer_id = :customer_id OR email_key = :email_key ORDER BY customer_id",
        customer_id=merged.customer_id if merged else text,
        email_key=text.casefold(),
    )
    if not found:
        condition, patterns = _containing(text, "COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')")
        found = yield from rows(f"{_CUSTOMER} WHERE {condition} ORDER BY customer_id LIMIT :n", **patterns, n=n)
    return [_customer(row) for row in found]


def latest_buyers(n: int) -> Steps[list[Buyer]]:
    """Read the customers of the newest items of orders."""
    found = yield from rows(
        "SELECT i.customer_id, MAX(i.occurred_at) FROM"
        " (SELECT customer_id, occurred_at FROM purchase_history ORDER BY occurred_at DESC LIMIT :n_items) i"
        " GROUP BY i.customer_id ORDER BY MAX(i.occurred_at) DESC, i.customer_id LIMIT :n",
        n_items=N_NEWEST_ITEMS,
        n=n,
    )
    return [Buyer(customer_id=customer_id, bought_at=from_microseconds(at)) for customer_id, at in found]


def recent_events(customer_id: str, *, n: int) -> Steps[list[PastEvent]]:
    """Read the newest interactions that count, and the newest items of orders."""
    browsed = yield from rows(
        "SELECT b.event_type, b.product_id, p.name, b.occurred_at FROM browsing_history b"
        " JOIN product_catalog p ON p.product_id = b.product_id"
        f" WHERE b.customer_id = :customer_id AND {COUNTED} ORDER BY b.occurred_at DESC LIMIT :n",
        customer_id=customer_id,
        n=n,
    )
    bought = yield from rows(
        "SELECT h.product_id, p.name, h.occurred_at, h.order_id, h.quantity, h.unit_price, h.currency"
        " FROM purchase_history h JOIN product_catalog p ON p.product_id = h.product_id"
        " WHERE h.customer_id = :customer_id ORDER BY h.occurred_at DESC, h.order_id, h.line LIMIT :n",
        customer_id=customer_id,
        n=n,
    )
    events = [
        PastEvent(event_type=event_type, product_id=product_id, name=name, occurred_at=from_microseconds(at))
        for event_type, product_id, name, at in browsed
    ]
    return sorted([*events, *map(_bought, bought)], key=attrgetter("occurred_at"), reverse=True)


def find_products(text: str, *, lacking: Gap | None, n: int, currencies: Currencies) -> Steps[list[Product]]:
    """Find a product by id or alias, else products by a part of name or brand."""
    if known := (yield from known_products.find([text])).get(text):
        return (yield from by_index([known.product_index], currencies))
    conditions, parameters = ["p.withdrawn <> :unlisted"], dict[str, Any](unlisted=UNLISTED, n=n)
    if text:
        condition, patterns = _containing(text, "p.name || ' ' || COALESCE(p.brand, '')")
        conditions.append(condition)
        parameters |= patterns
    order = "p.product_index"
    if lacking is not None:
        conditions += [AVAILABLE, _GAPS[lacking]]
        # As the index of available products has them, which are not sorted then.
        order = "p.category, p.created_at, p.product_index"
    found = yield from rows(
        f"SELECT {PRODUCT_COLUMNS} FROM product_catalog p WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT :n",
        **parameters,
    )
    return [product_from(row, currencies) for row in found]


def events_per_day(since: datetime) -> Steps[list[DayCount]]:
    """Count interactions that count, and orders, by the day they are of."""
    counts: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    browsed = f"browsing_history WHERE occurred_at >= :since AND {COUNTED}"
    # In the order of an index; an order has one instant and one customer. To count distinct ids takes twice as long.
    bought = "(SELECT DISTINCT occurred_at, customer_id, order_id FROM purchase_history WHERE occurred_at >= :since) o"
    for place, events in enumerate((browsed, bought)):
        found = yield from rows(
            f"SELECT (occurred_at - :since) / {DAY}, COUNT(*) FROM {events} GROUP BY (occurred_at - :since) / {DAY}",
            since=to_microseconds(since),
        )
        for day, n_events in found:
            counts[day][place] = n_events
    return [
        DayCount(day=day, interactions=n_browsed, orders=n_bought) for day, (n_browsed, n_bought) in sorted(counts.items())
    ]


def newest_event() -> Steps[NewestEvent | None]:
    """Read the newest of all interactions and items of orders."""
    newest: list[Row] = []
    for table, event_type in (("browsing_history", "e.event_type"), ("purchase_history", "'purchase'")):
        newest += yield from rows(
            f"SELECT {event_type}, p.name, e.occurred_at FROM {table} e"
            " JOIN product_catalog p ON p.product_id = e.product_id ORDER BY e.occurred_at DESC LIMIT 1"
        )
    if not newest:
        return None
    event_type, name, at = max(newest, key=lambda row: row[2])
    return NewestEvent(event_type=event_type, product_name=name, occurred_at=from_microseconds(at))


def listed(n: int) -> Steps[list[ListedProducts]]:
    """Read the first products of stored lists."""
    found = yield from rows("SELECT list FROM customer_recommendations ORDER BY customer_id LIMIT :n", n=n)
    return [
        ListedProducts(strategy=ranked.strategy, product_indexes=[item.product_index for item in ranked.items[:N_FIRST]])
        for (packed,) in found
        if (ranked := stored_lists.decode(packed)) is not None
    ]


def n_customers() -> Steps[int]:
    return (yield from one("SELECT COUNT(*) FROM customer_profiles WHERE is_guest = 0"))[0]


def n_profiles(n: int) -> Steps[int]:
    return (yield from one("SELECT COUNT(*) FROM (SELECT 1 AS one FROM customer_profiles LIMIT :n) p", n=n))[0]


def _containing(text: str, column: str) -> tuple[str, dict[str, str]]:
    """Return the condition that a column contains a text in any case, and its parameters.

    SQLite folds the case of ASCII letters only, so the usual spellings are tried.
    """
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    spellings = (escaped, escaped.lower(), escaped.title(), escaped.upper())
    patterns = {f"pattern_{number}": f"%{spelling}%" for number, spelling in enumerate(spellings)}
    conditions = [f"LOWER({column}) LIKE LOWER(:{name}) ESCAPE '!'" for name in patterns]
    return f"({' OR '.join(conditions)})", patterns


def _customer(row: Row) -> FoundCustomer:
    customer_id, first_name, last_name, email, is_guest = row
    return FoundCustomer(
        customer_id=customer_id, first_name=first_name, last_name=last_name, email=email, is_guest=bool(is_guest)
    )


def _bought(row: Row) -> PastEvent:
    product_id, name, at, order_id, quantity, unit_price, currency = row
    return PastEvent(
        event_type="purchase",
        product_id=product_id,
        name=name,
        occurred_at=from_microseconds(at),
        order_id=order_id,
        quantity=quantity,
        unit_price=None if unit_price is None else from_units(unit_price),
        currency=currency,
    )
