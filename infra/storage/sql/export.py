"""Export all data of a customer: at once, or the events in pages."""

from itertools import groupby

from msgspec import UNSET
from msgspec.structs import replace

from domain.errors import CustomerNotFound
from domain.ports.export import EventKey, ExportBeginning, ExportedPage
from domain.ranking.answers import to_answer
from domain.records.currencies import Currencies
from domain.records.customers import Customer, StoredAddress
from domain.records.interactions import id_as_sent
from domain.records.privacy import CustomerExport, RecordedInteraction, RecordedOrder
from domain.records.recommendations import RecommendationList
from domain.records.values import from_microseconds
from infra.storage.sql import customers, merged_guests
from infra.storage.sql.catalogue import by_index
from infra.storage.sql.exported_returns import amended_orders, recorded_items, recorded_returns, replaced_by_imports
from infra.storage.sql.list_references import lists_of_lines, reference_of
from infra.storage.sql.removals import sent_type
from infra.storage.sql.statements import Steps, one_or_none, rows
from infra.storage.sql.stored_lists import decode

PAGE_ROWS = 1000
FIRST: EventKey = (-(2**63), "")


def export(customer: Customer, addresses: list[StoredAddress], *, currencies: Currencies) -> Steps[CustomerExport]:
    """Read all events, what went back, and the stored list; return them with the customer and the addresses."""
    beginning = yield from export_beginning(customer, addresses, currencies=currencies)
    document = beginning.document
    browsing, purchases = list(document.browsing), list(document.purchases)
    after = beginning.browsing_after
    while after is not None:
        more_browsing, after = yield from browsing_page(customer.customer_id, after)
        browsing += more_browsing
    after = beginning.purchases_after
    while after is not None:
        more_purchases, after = yield from purchases_page(customer.customer_id, after)
        purchases += more_purchases
    return replace(document, browsing=browsing, purchases=purchases)


def export_beginning(
    customer: Customer, addresses: list[StoredAddress], *, currencies: Currencies
) -> Steps[ExportBeginning]:
    """Read everything but the events after the first page of each kind."""
    customer_id = customer.customer_id
    browsing, browsing_after = yield from browsing_page(customer_id, FIRST)
    purchases, purchases_after = yield from purchases_page(customer_id, FIRST)
    replaced_orders, replaced_returns = yield from replaced_by_imports(customer_id)
    document = CustomerExport(
        customer=customer,
        addresses=addresses,
        browsing=browsing,
        purchases=purchases,
        recommendations=(yield from _stored_list(customer_id, currencies)),
        merged_guests=(yield from merged_guests.of_customer(customer_id)),
        amended_orders=(yield from amended_orders(customer_id)),
        returns=(yield from recorded_returns(customer_id)),
        replaced_orders=replaced_orders,
        replaced_returns=replaced_returns,
        experiment_key=(yield from customers.experiment_key(customer_id)),
    )
    return ExportBeginning(document=document, browsing_after=browsing_after, purchases_after=purchases_after)


def browsing_page(customer_id: str, after: EventKey) -> Steps[ExportedPage[RecordedInteraction]]:
    """Read interactions after one, oldest first; raise CustomerNotFound if the customer was erased meanwhile."""
    yield from _check_exists(customer_id)
    found = yield from rows(
        "SELECT event_id, product_id, event_type, dwell_seconds, occurred_at, list_place, list_nonce FROM browsing_history"
        " WHERE customer_id = :customer_id AND occurred_at >= :at AND (occurred_at > :at OR event_id > :event_id)"
        " ORDER BY occurred_at, event_id LIMIT :n",
        customer_id=customer_id,
        at=after[0],
        event_id=after[1],
        n=PAGE_ROWS,
    )
    records = [
        RecordedInteraction(
            event_id=id_as_sent(event_id),
            product_id=product_id,
            event_type=sent_type(event_type)[0],
            taken_back=sent_type(event_type)[1],
            dwell_seconds=dwell_seconds,
            occurred_at=from_microseconds(occurred_at),
            recommended_by=reference_of(*list_columns) or UNSET,
        )
        for event_id, product_id, event_type, dwell_seconds, occurred_at, *list_columns in found
    ]
    return records, (found[-1][4], found[-1][0]) if len(found) == PAGE_ROWS else None


def purchases_page(customer_id: str, after: EventKey) -> Steps[ExportedPage[RecordedOrder]]:
    """Read whole orders after one, oldest first; raise CustomerNotFound if the customer was erased meanwhile."""
    yield from _check_exists(customer_id)
    n_rows = PAGE_ROWS
    while True:
        found = yield from rows(
            "SELECT occurred_at, order_id, currency, product_id, quantity, unit_price, list_place, list_nonce"
            " FROM purchase_history"
            " WHERE customer_id = :customer_id AND occurred_at >= :at AND (occurred_at > :at OR order_id > :order_id)"
            " ORDER BY occurred_at, order_id, line LIMIT :n",
            customer_id=customer_id,
            at=after[0],
            order_id=after[1],
            n=n_rows,
        )
        orders = [(key, list(lines)) for key, lines in groupby(found, key=lambda row: tuple(row[:3]))]
        is_last = len(found) < n_rows
        if is_last or len(orders) > 1:
            break
        n_rows *= 2  # One order has more lines than a page.
    # The last order may have more lines than were read.
    whole = orders if is_last else orders[:-1]
    records = [
        RecordedOrder(
            order_id=order_id,
            currency=currency,
            occurred_at=from_microseconds(occurred_at),
            items=recorded_items([row[3:6] for row in lines], lists_of_lines((row[3], row[6], row[7]) for row in lines)),
        )
        for (occurred_at, order_id, currency), lines in whole
    ]
    return records, None if is_last else whole[-1][0][:2]


def _check_exists(customer_id: str) -> Steps[None]:
    found = yield from rows("SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id", customer_id=customer_id)
    if not found:
        raise CustomerNotFound(customer_id)


def _stored_list(customer_id: str, currencies: Currencies) -> Steps[RecommendationList | None]:
    """Return the stored list, even if it is stale, or None if it cannot be decoded."""
    row = yield from one_or_none(
        "SELECT list FROM customer_recommendations WHERE customer_id = :customer_id", customer_id=customer_id
    )
    if row is None or (ranked := decode(row[0])) is None:
        return None
    found = yield from by_index([item.product_index for item in ranked.items], currencies)
    products = {product.product_index: product for product in found}
    # A product that was merged into another is gone.
    kept = [item for item in ranked.items if item.product_index in products]
    return to_answer(
        replace(ranked, items=kept), [products[item.product_index] for item in kept], recommendation_id=UNSET, cached=True
    )
