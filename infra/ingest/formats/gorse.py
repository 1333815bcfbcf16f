"""Gorse: items, users and feedback, as JSON Lines of its dump or as CSV of its dashboard."""

from infra.ingest.formats.format import Format

GORSE_ITEMS = Format(
    name="gorse",
    kind="products",
    title="Gorse: items",
    signature=("ItemId", "IsHidden", "Categories"),
    fields={
        "product_id": "ItemId",
        "name": ("Comment", "Description"),
        "category": "Categories",
        "tags": "Labels",
        "withdrawn": "IsHidden",
        "created_at": "Timestamp",
    },
    list_separator="|",
)

GORSE_USERS = Format(
    name="gorse",
    kind="customers",
    title="Gorse: users",
    signature=("UserId", "Labels", "Subscribe"),
    fields={"customer_id": "UserId"},
)

GORSE_FEEDBACK = Format(
    name="gorse",
    kind="events",
    title="Gorse: feedback",
    signature=("FeedbackType", "UserId", "ItemId", "Timestamp"),
    fields={
        "customer_id": "UserId",
        "product_id": "ItemId",
        "event_type": "FeedbackType",
        "occurred_at": "Timestamp",
    },
)
