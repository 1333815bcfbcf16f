"""Record interactions and orders. They are append-only, and each is stored once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.errors import EventIdReused, ProductNotFound
from domain.records.interactions import EVENT_TYPE_CODES, BrowsingEvent, CustomerEvent, Purchase, content_digest, id_as_sent
from domain.records.values import from_units, to_microseconds
from infra.storage.ids import new_id
from infra.storage.sql.digests import Digests, event_digests, order_digests
from infra.storage.sql.histories import CustomerEvents, NewItem, with_interaction, with_items
from infra.storage.sql.known_products import KnownProduct, find, hold
from infra.storage.sql.list_references import NO_LISTS, Lists, columns_of, lists_of_items
from infra.storage.sql.orders import lines_of
from infra.storage.sql.removals import StoredInteraction
from infra.storage.sql.statements import Steps, insert_new, one, rows

MAX_PURGED_PER_TRANSACTION = 250
"""Keeps a transaction at 1,000 rows: each event may also change the version of its customer, and delete the customer's list
and packed history."""

PURGED = {
    "browsing_history": "event_id",
    "purchase_history": "order_id, line",
    "order_amendments": "customer_id, order_id",
    "order_returns": "customer_id, return_id",
    "import_changes": "customer_id, import_id, order_id",
}
"""The tables of events, and of what imports made of them, with their keys."""


class EventBatch:
    """Collect events of one customer that are not stored yet, then write them all."""

    def __init__(
        self, catalogue: dict[str, KnownProduct], digests: tuple[Digests, Digests], *, lists: Lists, now: datetime,
        currency: str,
    ) -> None:  # fmt: skip
        self._catalogue = catalogue
        interactions, orders = digests
        self._digests: dict[type[CustomerEvent], Digests] = {BrowsingEvent: interactions, Purchase: orders}
        self._lists = lists
        self._now = to_microseconds(now)
        self._currency = currency
        self._interactions: list[tuple[Any, ...]] = []
        self._items: list[tuple[Any, ...]] = []

    @property
    def has_new(self) -> bool:
        return bool(self._interactions or self._items)

    def add(self, event: CustomerEvent) -> bool:
        """Add an event; return False if it was seen before, raise ProductNotFound or EventIdReused."""
        for product_id in product_ids_of(event):
            if product_id not in self._catalogue:
                raise ProductNotFound(product_id)
        if not self._is_new(event):
            return False
        occurred_at = self._now if event.occurred_at is None else to_microseconds(event.occurred_at)
        if isinstance(event, Purchase):
            self._add_order(event, occurred_at)
        else:
            self._interactions.append(
                (
                    event.event_id or new_id(),
                    self._catalogue[event.product_id].product_id,
                    event.event_type,
                    event.dwell_seconds,
                    occurred_at,
                    self._digests[BrowsingEvent].get(event.event_id or ""),
                    *columns_of(self._lists.get(event.recommendation_id or "")),
                )
            )
        return True

    def write(self, customer_id: str) -> Steps[None]:
        """Write the added events for a customer, for whom a guest may stand.

        The caller must raise the version of the customer, and settle `stored_interactions`.
        """
        yield from insert_new(
            "INSERT INTO browsing_history"
            " (event_id, product_id, event_type, dwell_seconds, occurred_at, digest, list_place, list_nonce, customer_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*row, customer_id) for row in self._interactions],
        )
        yield from insert_new(
            "INSERT INTO purchase_history"
            " (order_id, line, product_id, quantity, unit_price, currency, occurred_at, digest, list_place, list_nonce,"
            " customer_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*row, customer_id) for row in self._items],
        )

    def stored_interactions(self, customer_id: str) -> list[StoredInteraction]:
        return [
            StoredInteraction(customer_id, product_id, event_type, occurred_at)
            for _, product_id, event_type, _, occurred_at, *_ in self._interactions
        ]

    def added_to(self, events: CustomerEvents) -> CustomerEvents:
        """Return the events of a customer with the added ones, all of which must be of that customer.

        Removals add nothing; after one that took something back, the events must be packed anew instead.
        """
        # By the ids under which the products are stored.
        indexes = {product.product_id: product.product_index for product in self._catalogue.values()}
        for _, product_id, event_type, _, occurred_at, *_ in self._interactions:
            if event_type in EVENT_TYPE_CODES:
                events = with_interaction(events, indexes[product_id], event_type, occurred_at)
        items = [
            NewItem(
                product_index=indexes[product_id],
                occurred_at=occurred_at,
                line=line,
                quantity=quantity,
                unit_price=unit_price,
                currency=currency,
            )
            for _, line, product_id, quantity, unit_price, currency, occurred_at, *_ in self._items
        ]
        return with_items(events, items)

    def _is_new(self, event: CustomerEvent) -> bool:
        identifier = _identifier(event)
        if identifier is None:
            return True
        digests = self._digests[type(event)]
        digest = content_digest(event)
        if identifier not in digests:
            digests[identifier] = digest
            return True
        if digests[identifier] != digest:
            raise EventIdReused("order_id" if isinstance(event, Purchase) else "event_id", id_as_sent(identifier))
        return False

    def _add_order(self, order: Purchase, occurred_at: int) -> None:
        order_id = order.order_id or new_id()
        currency = order.currency or self._currency
        digest = self._digests[Purchase].get(order.order_id or "")
        lists = lists_of_items(order, self._catalogue, self._lists)
        self._items += [
            (order_id, line, product_id, quantity, price, currency, occurred_at, digest, *columns_of(lists.get(product_id)))
            for line, (product_id, quantity, price) in enumerate(lines_of(order, self._catalogue, currency=currency))
        ]


def batch_for(
    events: Sequence[CustomerEvent], *, lists: Lists = NO_LISTS, now: datetime, currency: str
) -> Steps[EventBatch]:
    """Return an empty batch with what `add` needs for `events`: their products, and digests of stored events."""
    catalogue = yield from find({product_id for event in events for product_id in product_ids_of(event)})
    yield from hold(catalogue.values())
    interactions = yield from event_digests(_identifiers(BrowsingEvent, events))
    orders = yield from order_digests(_identifiers(Purchase, events))
    return EventBatch(catalogue, (interactions, orders), lists=lists, now=now, currency=currency)


def count_before(before: datetime) -> Steps[tuple[int, int]]:
    """Return the numbers of events before an instant and of all events, or twice 0 if none is before."""
    n_old = yield from _count("WHERE occurred_at < :before", before=to_microseconds(before))
    return (n_old, (yield from _count(""))) if n_old else (0, 0)


def _count(condition: str, **parameters: Any) -> Steps[int]:
    (n,) = yield from one(
        f"SELECT (SELECT COUNT(*) FROM browsing_history {condition}) + (SELECT COUNT(*) FROM purchase_history {condition})",
        **parameters,
    )
    return n


def purge(*, before: datetime) -> Steps[list[str]]:
    """Delete a batch of the events before an instant; return the customer id of each, an empty list when none is left."""
    return (yield from delete_some("occurred_at < :before", n=MAX_PURGED_PER_TRANSACTION, before=to_microseconds(before)))


def delete_some(condition: str, *, n: int, **parameters: Any) -> Steps[list[str]]:
    """Delete the oldest `n` rows of PURGED under a condition, table after table; return the customer id of each."""
    customer_ids: list[str] = []
    for table, key in PURGED.items():
        if len(customer_ids) == n:
            break
        result = yield from rows(
            f"DELETE FROM {table} WHERE ({key}) IN"
            f" (SELECT {key} FROM {table} WHERE {condition} ORDER BY occurred_at, {key} LIMIT :n) RETURNING customer_id",
            **parameters,
            n=n - len(customer_ids),
        )
        customer_ids += [customer_id for (customer_id,) in result]
    return customer_ids


def _identifier(event: CustomerEvent) -> str | None:
    return event.order_id if isinstance(event, Purchase) else event.event_id


def _identifiers(event_class: type[CustomerEvent], events: Sequence[CustomerEvent]) -> list[str]:
    return [identifier for event in events if type(event) is event_class and (identifier := _identifier(event))]


def product_ids_of(event: CustomerEvent) -> list[str]:
    return [item.product_id for item in event.items] if isinstance(event, Purchase) else [event.product_id]


def item_total(quantity: int, unit_price: int | None) -> float:
    """Return the total price of an order item, or 0 if its unit price is unknown."""
    return 0.0 if unit_price is None else from_units(quantity * unit_price)
