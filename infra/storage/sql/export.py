"""Export all data of a customer."""

from itertools import groupby

from domain.records.customers import Customer, StoredAddress
from domain.records.interactions import id_as_sent
from domain.records.privacy import CustomerExport, RecordedInteraction, RecordedOrder
from domain.records.recommendations import RecommendationList
from domain.records.values import from_microseconds
from infra.storage.sql import merged_guests
from infra.storage.sql.exported_returns import amended_orders, recorded_items, recorded_returns, replaced
from infra.storage.sql.statements import Steps, one_or_none, rows
from infra.storage.sql.stored_lists import decode


def export(customer: Customer, addresses: list[StoredAddress]) -> Steps[CustomerExport]:
    """Read all events, what went back, and the stored list; return them with the customer and the addresses."""
    customer_id = customer.customer_id
    replaced_orders, replaced_returns = yield from replaced(customer_id)
    return CustomerExport(
        customer=customer,
        addresses=addresses,
        browsing=(yield from _browsing(customer_id)),
        purchases=(yield from _purchases(customer_id)),
        recommendations=(yield from _stored_list(customer_id)),
        merged_guests=(yield from merged_guests.of_customer(customer_id)),
        amended_orders=(yield from amended_orders(customer_id)),
        returns=(yield from recorded_returns(customer_id)),
        replaced_orders=replaced_orders,
        replaced_returns=replaced_returns,
    )


def _browsing(customer_id: str) -> Steps[list[RecordedInteraction]]:
    result = yield from rows(
        "SELECT event_id, product_id, event_type, dwell_seconds, occurred_at FROM browsing_history"
        " WHERE customer_id = :customer_id ORDER BY occurred_at, event_id",
        customer_id=customer_id,
    )
    return [
        RecordedInteraction(
            event_id=id_as_sent(event_id),
            product_id=product_id,
            event_type=event_type,
            dwell_seconds=dwell_seconds,
            occurred_at=from_microseconds(occurred_at),
        )
        for event_id, product_id, event_type, dwell_seconds, occurred_at in result
    ]


def _purchases(customer_id: str) -> Steps[list[RecordedOrder]]:
    result = yield from rows(
        "SELECT occurred_at, order_id, currency, product_id, quantity, unit_price FROM purchase_history"
        " WHERE customer_id = :customer_id ORDER BY occurred_at, order_id, line",
        customer_id=customer_id,
    )
    return [
        RecordedOrder(
            order_id=order_id,
            currency=currency,
            occurred_at=from_microseconds(occurred_at),
            items=recorded_items((product_id, quantity, price) for *_, product_id, quantity, price in lines),
        )
        for (occurred_at, order_id, currency), lines in groupby(result, key=lambda row: tuple(row[:3]))
    ]


def _stored_list(customer_id: str) -> Steps[RecommendationList | None]:
    """Return the stored list, even if it is stale, or None if it cannot be decoded."""
    row = yield from one_or_none(
        "SELECT list FROM customer_recommendations WHERE customer_id = :customer_id", customer_id=customer_id
    )
    return None if row is None else decode(row[0])
