"""Magento 2 and Adobe Commerce: catalogue export, a line for each product and store view."""

from infra.ingest.formats.format import Format

MAGENTO = Format(
    name="magento",
    kind="products",
    title="Magento 2 / Adobe Commerce: product export (configurable products name their variants)",
    signature=("sku", "attribute_set_code", "product_type", "product_online", "categories"),
    fields={
        "product_id": "sku",
        "name": "name",
        "category": "categories",
        "brand": ("manufacturer", "brand"),
        "price": "price",
        "sale_price": "special_price",
        "sale_from": "special_price_from_date",
        "sale_until": "special_price_to_date",
        "in_stock": ("is_in_stock", "qty"),
        "published": ("product_online", "visibility"),
        "created_at": "created_at",
        "variants": "configurable_variations",
    },
    category_separator="/",
    list_separator=",",
    category_roots=("Default Category", "Root Catalog"),
)
