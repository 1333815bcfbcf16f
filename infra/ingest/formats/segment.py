"""Segment: track calls of its e-commerce specification, as JSON Lines."""

from infra.ingest.formats.format import Format

SEGMENT = Format(
    name="segment",
    kind="events",
    title="Segment: track calls of the e-commerce specification, JSON Lines (RudderStack writes the same)",
    signature=("event", "properties", "userId|anonymousId", "timestamp|originalTimestamp|sentAt"),
    fields={
        "customer_id": "userId",
        "anonymous_id": "anonymousId",
        "email": ("properties.email", "context.traits.email"),
        "product_id": (
            "properties.products[].product_id",
            "properties.products[].sku",
            "properties.product_id",
            "properties.sku",
        ),
        "product_name": ("properties.products[].name", "properties.name"),
        "event_type": "event",
        "occurred_at": ("timestamp", "originalTimestamp", "sentAt"),
        "order_id": "properties.order_id",
        "quantity": ("properties.products[].quantity", "properties.quantity"),
        "unit_price": ("properties.products[].price", "properties.price"),
        "currency": "properties.currency",
        "event_id": "messageId",
    },
)
