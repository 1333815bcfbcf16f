"""The packed histories of customers, which the recording of an event keeps up to date.

The row of a customer counts only while its version is that of the customer: whatever else changes the events raises the
customer's version, and the next reader packs the row anew.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from domain.ranking.packed_history import PackedHistory, pack_history
from domain.records.customers import Segment
from domain.records.interactions import EVENT_TYPE_CODES, PURCHASE
from infra.storage.sql import merged_guests, orders
from infra.storage.sql.customer_activity import NO_PURCHASES, PurchaseTotals, purchase_totals
from infra.storage.sql.customers import EXPERIMENT_KEY
from infra.storage.sql.known_products import find
from infra.storage.sql.removals import COUNTED
from infra.storage.sql.statements import Steps, rows

_CUSTOMER = (
    f"SELECT p.customer_id, p.version, p.profiling, {EXPERIMENT_KEY}, s.catalogue_version, s.model_id, s.rules_version,"
    " g.segment, h.version,"
    " h.purchases, h.events, h.own"
    " FROM shop_state s JOIN customer_profiles p ON p.customer_id = :customer_id"
    " LEFT JOIN customer_segments g ON g.customer_id = p.customer_id"
    " LEFT JOIN customer_histories h ON h.customer_id = p.customer_id"
)
_EVENTS = (
    "SELECT p.product_index, e.event_type, e.occurred_at FROM browsing_history e"
    " JOIN product_catalog p ON p.product_id = e.product_id WHERE e.customer_id = :customer_id"
    f" AND e.{COUNTED} UNION ALL SELECT p.product_index, 'purchase', e.occurred_at FROM purchase_history e"
    " JOIN product_catalog p ON p.product_id = e.product_id WHERE e.customer_id = :customer_id"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PurchaseTotals).decode


class CustomerRow(Struct, frozen=True, kw_only=True):
    """The stored id, the current versions, the assigned segment, and the events, None where no current row has them."""

    customer_id: str
    version: int
    profiling: bool
    experiment_key: str | None
    catalogue_version: int
    model_id: str
    rules_version: int
    segment: Segment | None
    events: "CustomerEvents | None"


class CustomerEvents(Struct, frozen=True, kw_only=True):
    """The purchases and the packed history of a customer."""

    purchases: PurchaseTotals = NO_PURCHASES
    history: PackedHistory = PackedHistory()


class NewItem(Struct, frozen=True, kw_only=True):
    """A line of an order; lines count from 0, and the price is in ten-thousandths."""

    product_index: int
    occurred_at: int
    line: int
    quantity: int
    unit_price: int | None
    currency: str


def read(customer_id: str, *, lock: bool = False) -> Steps[CustomerRow]:
    """Read what is current of a customer; `lock` makes other writers of the customer wait. Raise CustomerNotFound."""
    row = yield from merged_guests.row_of(_CUSTOMER + " FOR UPDATE OF p" * lock, customer_id)
    stored_id, version, profiling, experiment_key, catalogue_version, model_id, rules_version, segment, *packed = row
    packed_version, purchases, events, own = packed
    is_current = packed_version == version
    return CustomerRow(
        customer_id=stored_id,
        version=version,
        profiling=bool(profiling),
        experiment_key=experiment_key,
        catalogue_version=catalogue_version,
        model_id=model_id,
        rules_version=rules_version,
        segment=segment,
        events=CustomerEvents(purchases=_decode(purchases), history=PackedHistory(events=events, own=own))
        if is_current
        else None,
    )


def pack(customer_id: str) -> Steps[CustomerEvents]:
    """Read all events of a customer and pack them."""
    events = yield from rows(_EVENTS, customer_id=customer_id)
    packed = pack_history(
        ((index, EVENT_TYPE_CODES[event_type], at) for index, event_type, at in events),
        (yield from _returned(customer_id)),
    )
    return CustomerEvents(purchases=(yield from purchase_totals(customer_id)), history=packed)


def _returned(customer_id: str) -> Steps[list[tuple[int, int]]]:
    """Read the products that went back as a whole from orders of a customer, and the instants of these orders."""
    amended = yield from orders.of_customer(customer_id)
    if not amended:
        return []
    known = yield from find(set[str]().union(*(order.product_ids() for order in amended)))
    names = {sent_id: product.product_id for sent_id, product in known.items()}
    return [
        (known[product_id].product_index, order.bought.occurred_at)
        for order in amended
        for product_id in order.gone(names)
        if product_id in known
    ]


def with_interaction(events: CustomerEvents, product_index: int, event_type: str, occurred_at: int) -> CustomerEvents:
    history = events.history.with_event((product_index, EVENT_TYPE_CODES[event_type], occurred_at))
    return CustomerEvents(purchases=events.purchases, history=history)


def with_items(events: CustomerEvents, items: Sequence[NewItem]) -> CustomerEvents:
    """Add lines of orders."""
    purchases, history = events.purchases, events.history
    for item in items:
        purchases = purchases.with_item(item.line, item.quantity, item.unit_price, item.currency, item.occurred_at)
        history = history.with_event((item.product_index, PURCHASE, item.occurred_at))
    return CustomerEvents(purchases=purchases, history=history)


def write(customer_id: str, version: int, events: CustomerEvents) -> Steps[None]:
    """Write the row of a customer, unless the customer has another version by now or was erased."""
    yield from rows(
        "INSERT INTO customer_histories (customer_id, version, purchases, events, own)"
        " SELECT customer_id, version, :purchases, :events, :own FROM customer_profiles"
        " WHERE customer_id = :customer_id AND version = :version FOR UPDATE"
        " ON CONFLICT (customer_id) DO UPDATE SET version = excluded.version, purchases = excluded.purchases,"
        " events = excluded.events, own = excluded.own",
        customer_id=customer_id,
        version=version,
        purchases=_encode(events.purchases),
        events=events.history.events,
        own=events.history.own,
    )
