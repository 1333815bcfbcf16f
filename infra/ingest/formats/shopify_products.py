"""Shopify's product export: a product is all lines of one handle, a line for each variant and each image."""

from infra.ingest.formats.format import Format

TITLE = "Shopify: product export (a handle is a product; its variants' SKUs and barcodes are other ids of it)"

SHOPIFY_PRODUCTS = Format(
    name="shopify-products",
    kind="products",
    title=TITLE,
    signature=("Handle", "Title", "Variant Price", "Option1 Name"),
    fields={
        "product_id": "Handle",
        "name": "Title",
        "category": "Type",
        "category_otherwise": ("Product Category", "Standard Product Type", "Custom Product Type"),
        "brand": "Vendor",
        "price": "Variant Price",
        "tags": "Tags",
        "in_stock": "Variant Inventory Qty",
        "stock_tracked": "Variant Inventory Tracker",
        "sells_without_stock": "Variant Inventory Policy",
        "published": ("Published", "Status"),
        "image_url": "Image Src",
        "aliases": ("Variant SKU", "Variant Barcode", "Variant ID", "ID"),
    },
    category_separator=">",
    tag_separator=",",
)

SHOPIFY_PRODUCTS_2025 = Format(
    name="shopify-products",
    kind="products",
    title=TITLE,
    signature=("URL handle", "Title", "Option1 name", "SKU", "Price"),
    fields={
        "product_id": "URL handle",
        "name": "Title",
        "category": "Type",
        "category_otherwise": "Product category",
        "brand": "Vendor",
        "price": "Price",
        "tags": "Tags",
        "in_stock": "Inventory quantity",
        "stock_tracked": "Inventory tracker",
        "sells_without_stock": "Continue selling when out of stock",
        "published": ("Published on online store", "Status"),
        "image_url": ("Product image URL", "Image source"),
        "aliases": ("SKU", "Barcode"),
    },
    category_separator=">",
    tag_separator=",",
)
"""The columns since 2025."""
