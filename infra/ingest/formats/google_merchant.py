"""Google Merchant Center feeds, as text with tabs or as RSS; other shopping channels take the same columns."""

from infra.ingest.formats.format import Format

GOOGLE_MERCHANT = Format(
    name="google-merchant",
    kind="products",
    title="Google Merchant: product feed, tabs or XML/RSS (also Meta, Bing; item_group_id joins variants)",
    signature=("id", "title", "link", "availability", "price"),
    fields={
        "product_id": "id",
        "name": "title",
        "category": "product_type",
        "category_otherwise": "google_product_category",
        "brand": "brand",
        "price": "price",
        "sale_price": "sale_price",
        "sale_period": "sale_price_effective_date",
        "in_stock": "availability",
        "url": "link",
        "image_url": "image_link",
        "variant_of": "item_group_id",
        "aliases": "gtin",
    },
    category_separator=">",
)
