"""Online Retail and Online Retail II of the UCI repository: invoice lines of a shop in pounds."""

from infra.ingest.formats.format import Format

UCI_RETAIL = Format(
    name="uci-retail",
    kind="orders",
    title="UCI Online Retail and Online Retail II: invoice lines (an invoice C... takes back what it names)",
    signature=("InvoiceNo|Invoice", "StockCode", "InvoiceDate", "UnitPrice|Price", "CustomerID"),
    fields={
        "order_id": ("InvoiceNo", "Invoice"),
        "customer_id": "CustomerID",
        "product_id": "StockCode",
        "product_name": "Description",
        "occurred_at": "InvoiceDate",
        "quantity": "Quantity",
        "unit_price": ("UnitPrice", "Price"),
    },
    constants={"currency": "GBP"},
    return_prefix="C",
)
