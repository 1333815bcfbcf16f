"""Read what went back or was replaced of a customer's orders, for the export."""

from collections.abc import Iterable

from msgspec import UNSET

from domain.records.amendments import BoughtOrder, Line
from domain.records.privacy import AmendedOrder, RecordedItem, RecordedReturn, ReplacedOrder
from domain.records.values import from_microseconds, from_units
from infra.storage.sql import import_changes, returns
from infra.storage.sql.import_changes import StoredReturn
from infra.storage.sql.list_references import NO_LISTS, Lists, decode_lists
from infra.storage.sql.orders import decode_amendment
from infra.storage.sql.statements import Row, Steps, rows


def amended_orders(customer_id: str) -> Steps[list[AmendedOrder]]:
    found = yield from rows(
        "SELECT order_id, currency, occurred_at, bought, returned, lists FROM order_amendments"
        " WHERE customer_id = :customer_id ORDER BY occurred_at, order_id",
        customer_id=customer_id,
    )
    return [_amended(row) for row in found]


def recorded_returns(customer_id: str) -> Steps[list[RecordedReturn]]:
    return [_recorded(stored) for stored in (yield from returns.of_customer(customer_id))]


def replaced_by_imports(customer_id: str) -> Steps[tuple[list[ReplacedOrder], list[RecordedReturn]]]:
    """Return the orders and the returns that imports replaced."""
    changes = yield from import_changes.of_customer(customer_id)
    orders = [_replaced(before) for before in changes if isinstance(before, BoughtOrder)]
    return orders, [_recorded(before) for before in changes if isinstance(before, StoredReturn)]


def _amended(row: Row) -> AmendedOrder:
    order_id, currency, occurred_at, bought, returned, lists = row
    lines, causes, adjusted = decode_amendment(bought, returned)
    return AmendedOrder(
        order_id=order_id,
        currency=currency,
        occurred_at=from_microseconds(occurred_at),
        items=recorded_items(lines, decode_lists(lists)),
        returned=causes,
        adjusted=adjusted,
    )


def _replaced(order: BoughtOrder) -> ReplacedOrder:
    return ReplacedOrder(
        order_id=order.order_id,
        currency=order.currency,
        occurred_at=from_microseconds(order.occurred_at),
        items=recorded_items(order.lines, order.lists),
        returned=order.returned,
    )


def _recorded(stored: StoredReturn) -> RecordedReturn:
    return RecordedReturn(
        return_id=stored.return_id,
        occurred_at=from_microseconds(stored.occurred_at),
        order_id=stored.order_id,
        items=stored.items,
        orders=list(stored.taken),
    )


def recorded_items(lines: Iterable[Line], lists: Lists = NO_LISTS) -> list[RecordedItem]:
    """Return lines as they are exported; `lists` are those from which products were bought, by product."""
    return [
        RecordedItem(
            product_id=product_id,
            quantity=quantity,
            unit_price=None if price is None else from_units(price),
            recommended_by=lists.get(product_id, UNSET),
        )
        for product_id, quantity, price in lines
    ]
