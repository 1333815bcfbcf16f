"""Correct what was recorded of a customer: the profile, and what is left of an order."""

from datetime import datetime
from typing import Any

from domain.errors import EmailTaken, OrderNotFound
from domain.records.amendments import OrderAmendment, OrderRemainder
from domain.records.customers import CustomerChange, CustomerUpdate
from domain.records.imports import ReturnedItem
from domain.records.values import from_microseconds
from infra.storage.sql import customers, known_products, orders
from infra.storage.sql.exported_returns import recorded_items
from infra.storage.sql.statements import Steps, one


def update_customer(update: CustomerUpdate, *, now: datetime) -> Steps[None]:
    """Change a customer; raise CustomerNotFound or EmailTaken."""
    customer_id = yield from customers.lock(update.customer_id)
    values: dict[str, Any] = {name: getattr(update, name) for name in CustomerUpdate.__struct_fields__}
    values["customer_id"] = customer_id
    (outcome,) = yield from customers.put([CustomerChange(**values)], now=now)
    if outcome.status == "refused":
        raise EmailTaken


def amend_order(amendment: OrderAmendment) -> Steps[OrderRemainder]:
    """Store what is left of an order; raise CustomerNotFound, OrderNotFound or MoreThanBought."""
    # In the sequence of imports, which replace orders and take returns from them one at a time.
    yield from one("SELECT catalogue_version FROM shop_state FOR UPDATE")
    customer_id = yield from customers.lock(amendment.customer_id)
    stored = (yield from orders.read([amendment.order_id])).get(amendment.order_id)
    if stored is None or stored.bought.customer_id != customer_id:
        raise OrderNotFound(amendment.order_id)
    known = yield from known_products.find(stored.product_ids() | {item.product_id for item in amendment.items})
    names = {sent_id: product.product_id for sent_id, product in known.items()}
    after = stored.with_remainder(amendment.items, names)
    if after is not stored:
        yield from orders.write(after, stored)
        yield from customers.raise_versions([customer_id])
    return OrderRemainder(
        customer_id=customer_id,
        order_id=amendment.order_id,
        currency=after.bought.currency,
        occurred_at=from_microseconds(after.bought.occurred_at),
        items=recorded_items(after.left(names)),
        returned=[
            ReturnedItem(product_id=product_id, quantity=quantity)
            for product_id, quantity in after.returned(names).items()
            if quantity
        ],
    )
