"""Shopify's order export: a line for each product of an order, money and status in its first line only."""

from infra.ingest.formats.format import Format

SHOPIFY_ORDERS = Format(
    name="shopify-orders",
    kind="orders",
    title="Shopify: order export (customers by e-mail, products by SKU, else by name)",
    signature=("Name", "Email", "Financial Status", "Lineitem name", "Lineitem quantity"),
    fields={
        "order_id": "Name",
        "email": "Email",
        "product_id": ("Lineitem sku", "Lineitem name"),
        "product_name": "Lineitem name",
        "occurred_at": ("Created at", "Paid at"),
        "quantity": "Lineitem quantity",
        "unit_price": "Lineitem price",
        "currency": "Currency",
        "status": "Financial Status",
        "cancelled_at": "Cancelled at",
        "refunded_amount": "Refunded Amount",
        "total": "Total",
    },
)
