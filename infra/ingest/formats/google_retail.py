"""Google Retail / Vertex AI Search for commerce: catalogue and user events as JSON Lines."""

from infra.ingest.formats.format import Format

GOOGLE_RETAIL_PRODUCTS = Format(
    name="google-retail",
    kind="products",
    title="Google Retail (Vertex AI Search for commerce): catalogue, JSON Lines",
    signature=("id", "title", "categories", "priceInfo"),
    fields={
        "product_id": "id",
        "name": "title",
        "category": "categories",
        "brand": "brands[0]",
        "price": "priceInfo.price",
        "currency": "priceInfo.currencyCode",
        "tags": "tags",
        "in_stock": ("availability", "availableQuantity"),
        "url": "uri",
        "image_url": "images[0].uri",
        "created_at": ("publishTime", "availableTime"),
        "variant_of": "primaryProductId",
        "aliases": "gtin",
    },
    category_separator=">",
)

GOOGLE_RETAIL_EVENTS = Format(
    name="google-retail",
    kind="events",
    title="Google Retail (Vertex AI Search for commerce): user events, JSON Lines",
    signature=("eventType", "visitorId", "eventTime"),
    fields={
        "customer_id": "userInfo.userId",
        "anonymous_id": "visitorId",
        "product_id": "productDetails[].product.id",
        "product_name": "productDetails[].product.title",
        "event_type": "eventType",
        "occurred_at": "eventTime",
        "order_id": "purchaseTransaction.id",
        "quantity": "productDetails[].quantity",
        "unit_price": "productDetails[].product.priceInfo.price",
        "currency": ("purchaseTransaction.currencyCode", "productDetails[].product.priceInfo.currencyCode"),
    },
)
