"""RetailRocket's public data set: events.csv."""

from infra.ingest.formats.format import Format

RETAILROCKET = Format(
    name="retailrocket",
    kind="events",
    title="RetailRocket: events.csv of the public data set",
    signature=("timestamp", "visitorid", "event", "itemid"),
    fields={
        "customer_id": "visitorid",
        "product_id": "itemid",
        "event_type": "event",
        "occurred_at": "timestamp",
        "order_id": "transactionid",
    },
)
