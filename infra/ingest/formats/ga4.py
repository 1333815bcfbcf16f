"""Google Analytics 4: the events of its BigQuery export, nested (JSON Lines) or flattened to one line for each item."""

from infra.ingest.formats.format import Format

GA4 = Format(
    name="ga4",
    kind="events",
    title="Google Analytics 4: BigQuery export (without user_id, user_pseudo_id is a guest)",
    signature=("event_name", "event_timestamp", "user_pseudo_id"),
    fields={
        "customer_id": "user_id",
        "anonymous_id": "user_pseudo_id",
        "product_id": ("items[].item_id", "item_id", "items[].item_name", "item_name"),
        "product_name": ("items[].item_name", "item_name"),
        "event_type": "event_name",
        "occurred_at": "event_timestamp",
        "order_id": (
            "ecommerce.transaction_id",
            "event_params[key=transaction_id].value.string_value",
            "transaction_id",
        ),
        "quantity": ("items[].quantity", "quantity"),
        "unit_price": ("items[].price", "price"),
        "currency": ("event_params[key=currency].value.string_value", "currency"),
    },
    nulls=("(not set)", "(not provided)"),
)
