"""Recording interactions and orders: append-only facts, each counted once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from domain.errors import EventIdReused, ProductNotFound
from domain.records.interactions import BrowsingEvent, CustomerEvent, Purchase, content_digest
from domain.records.values import from_units, new_id, to_microseconds, to_units
from infra.storage.sql import catalogue
from infra.storage.sql.statements import Steps, executemany, rows

PURGED_AT_ONCE = 330
"""Each may be of another customer, whose version and list are a second and a third row that is written."""

CataloguePrice = tuple[int | None, str]
Digests = dict[str, bytes | None]


class Batch:
    """Decide about events one by one against what is stored, then write all that is new at once."""

    def __init__(
        self, prices: dict[str, CataloguePrice], interactions: Digests, orders: Digests, *, now: datetime, currency: str
    ) -> None:  # fmt: skip
        self._prices = prices
        self._digests: dict[type[CustomerEvent], Digests] = {BrowsingEvent: interactions, Purchase: orders}
        self._now = to_microseconds(now)
        self._currency = currency
        self._interactions: list[tuple[Any, ...]] = []
        self._items: list[tuple[Any, ...]] = []
        self.customer_ids: dict[str, None] = {}

    def add(self, event: CustomerEvent) -> bool:
        """Take an event in; return False if it was seen before, raise ProductNotFound or EventIdReused."""
        for product_id in _product_ids(event):
            if product_id not in self._prices:
                raise ProductNotFound(product_id)
        if not self._is_new(event):
            return False
        self.customer_ids[event.customer_id] = None
        occurred_at = self._now if event.occurred_at is None else to_microseconds(event.occurred_at)
        if isinstance(event, Purchase):
            self._add_order(event, occurred_at)
        else:
            self._interactions.append(
                (
                    event.event_id or new_id(),
                    event.customer_id,
                    event.product_id,
                    event.event_type,
                    event.dwell_seconds,
                    occurred_at,
                    self._digests[BrowsingEvent].get(event.event_id or ""),
                )
            )
        return True

    def write(self) -> Steps[None]:
        """Write what was added; the caller raises the versions of the customers it concerns, `customer_ids`."""
        yield from executemany(
            "INSERT INTO browsing_history"
            " (event_id, customer_id, product_id, event_type, dwell_seconds, occurred_at, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self._interactions,
        )
        yield from executemany(
            "INSERT INTO purchase_history"
            " (order_id, line, customer_id, product_id, quantity, unit_price, currency, occurred_at, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._items,
        )

    def _is_new(self, event: CustomerEvent) -> bool:
        identifier = _identifier(event)
        if identifier is None:
            return True
        known = self._digests[type(event)]
        digest = content_digest(event)
        if identifier not in known:
            known[identifier] = digest
            return True
        if known[identifier] != digest:
            raise EventIdReused("order_id" if isinstance(event, Purchase) else "event_id", identifier)
        return False

    def _add_order(self, order: Purchase, occurred_at: int) -> None:
        order_id = order.order_id or new_id()
        currency = order.currency or self._currency
        digest = self._digests[Purchase].get(order.order_id or "")
        for line, item in enumerate(order.items):
            price = None if item.unit_price is None else to_units(item.unit_price)
            if price is None:
                catalogue_price, catalogue_currency = self._prices[item.product_id]
                price = catalogue_price if catalogue_currency == currency else None
            self._items.append((
                order_id, line, order.customer_id, item.product_id, item.quantity, price, currency, occurred_at, digest,
            ))  # fmt: skip


def batch_for(events: Sequence[CustomerEvent], *, now: datetime, currency: str) -> Steps[Batch]:
    """Look up what decides about `events`: the prices of their products, and what their ids stand for already."""
    prices = yield from _prices({name for event in events for name in _product_ids(event)})
    interactions = yield from _digests("browsing_history", "event_id", _identifiers(BrowsingEvent, events))
    orders = yield from _digests("purchase_history", "order_id", _identifiers(Purchase, events))
    return Batch(prices, interactions, orders, now=now, currency=currency)


def create_unknown_products(events: Sequence[CustomerEvent], *, now: datetime, currency: str) -> Steps[None]:
    """Add the products that `events` name and the catalogue lacks."""
    named = {product_id for event in events for product_id in _product_ids(event)}
    known = yield from _prices(named)
    if unknown := sorted(named - known.keys()):
        yield from catalogue.create_bare(unknown, now=now, currency=currency)


def purge(*, before: datetime) -> Steps[list[str]]:
    """Delete a batch of the events before an instant; return whose each was, nothing when none is left."""
    gone: list[str] = []
    for table, key in (("browsing_history", "event_id"), ("purchase_history", "order_id, line")):
        if len(gone) == PURGED_AT_ONCE:
            break
        found = yield from rows(
            f"DELETE FROM {table} WHERE ({key}) IN"
            f" (SELECT {key} FROM {table} WHERE occurred_at < :before ORDER BY occurred_at, {key} LIMIT :n)"
            " RETURNING customer_id",
            before=to_microseconds(before),
            n=PURGED_AT_ONCE - len(gone),
        )
        gone += [customer_id for (customer_id,) in found]
    return gone


def refusal(error: ProductNotFound | EventIdReused) -> tuple[str, str]:
    """Name the field and the reason of a refused event, without its values."""
    if isinstance(error, ProductNotFound):
        return "product_id", "The catalogue has no such product"
    return error.namespace, "Stands for other content already"


def _identifier(event: CustomerEvent) -> str | None:
    return event.order_id if isinstance(event, Purchase) else event.event_id


def _identifiers(kind: type[CustomerEvent], events: Sequence[CustomerEvent]) -> list[str]:
    return [identifier for event in events if type(event) is kind and (identifier := _identifier(event))]


def _product_ids(event: CustomerEvent) -> list[str]:
    return [item.product_id for item in event.items] if isinstance(event, Purchase) else [event.product_id]


def _prices(product_ids: Collection[str]) -> Steps[dict[str, CataloguePrice]]:
    found = yield from rows(
        "SELECT product_id, price, currency FROM product_catalog WHERE product_id IN (:product_ids)",
        product_ids=list(product_ids),
    )
    return {product_id: (price, currency) for product_id, price, currency in found}


def _digests(table: str, column: str, sent: list[str]) -> Steps[Digests]:
    if not sent:
        return {}
    found = yield from rows(f"SELECT {column}, digest FROM {table} WHERE {column} IN (:sent)", sent=sent)
    return dict(found)


def spent(quantity: int, unit_price: int | None) -> float:
    """Return what an order item cost, 0 where its price is unknown."""
    return 0.0 if unit_price is None else from_units(quantity * unit_price)
