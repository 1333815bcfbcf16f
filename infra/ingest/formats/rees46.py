"""REES46's public data sets of shops: a file for each month."""

from infra.ingest.formats.format import Format

REES46 = Format(
    name="rees46",
    kind="events",
    title="REES46: events of the public data sets (2019-Oct.csv and others)",
    signature=("event_time", "event_type", "product_id", "category_code", "user_id", "user_session"),
    fields={
        "customer_id": "user_id",
        "product_id": "product_id",
        "event_type": "event_type",
        "occurred_at": "event_time",
        "unit_price": "price",
    },
    # The data sets have removals of carts that other months, or nobody, filled.
    event_names={"remove_from_cart": "ignored"},
)

REES46_ORDERS = Format(
    name="rees46",
    kind="orders",
    title="REES46: orders of the public data set of an electronics shop",
    signature=("event_time", "order_id", "product_id", "category_code", "user_id"),
    fields={
        "order_id": "order_id",
        "customer_id": "user_id",
        "product_id": "product_id",
        "occurred_at": "event_time",
        "unit_price": "price",
    },
)
