"""Amazon Personalize: the data sets of interactions and of items (e-commerce)."""

from infra.ingest.formats.format import Format

PERSONALIZE_INTERACTIONS = Format(
    name="personalize",
    kind="events",
    title="Amazon Personalize: interactions data set",
    signature=("USER_ID", "ITEM_ID", "TIMESTAMP"),
    fields={
        "customer_id": "USER_ID",
        "product_id": "ITEM_ID",
        "event_type": "EVENT_TYPE",
        "occurred_at": "TIMESTAMP",
    },
)

PERSONALIZE_ITEMS = Format(
    name="personalize",
    kind="products",
    title="Amazon Personalize: items data set (e-commerce)",
    signature=("ITEM_ID", "PRICE", "CATEGORY_L1"),
    fields={
        "product_id": "ITEM_ID",
        "name": ("ITEM_NAME", "NAME", "TITLE", "PRODUCT_NAME"),
        "category_levels": ("CATEGORY_L1", "CATEGORY_L2", "CATEGORY_L3", "CATEGORY_L4"),
        "brand": "BRAND",
        "price": "PRICE",
        "created_at": "CREATION_TIMESTAMP",
    },
)
