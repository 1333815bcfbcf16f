"""WooCommerce: its own product export, and the orders of the plugin Advanced Order Export and of the REST API."""

from infra.ingest.formats.format import Format

# "Parent" names the SKU of the parent, or "id:" and its ID if that has no SKU. So the SKU is the id, and the ID an alias.
WOOCOMMERCE_PRODUCTS = Format(
    name="woocommerce",
    kind="products",
    title="WooCommerce: product export (id is the SKU, else the ID; variations belong to their parent)",
    signature=("ID", "SKU", "Visibility in catalog|Visibility in catalogue", "Regular price"),
    fields={
        "product_id": ("SKU", "ID"),
        "name": "Name",
        "category": "Categories",
        "brand": "Brands",
        "price": "Regular price",
        "sale_price": "Sale price",
        "sale_from": "Date sale price starts",
        "sale_until": "Date sale price ends",
        "tags": "Tags",
        "in_stock": ("In stock?", "Stock"),
        "published": ("Published", "Visibility in catalog", "Visibility in catalogue"),
        "url": "External URL",
        "image_url": "Images",
        "variant_of": "Parent",
        "aliases": ("ID", "GTIN, UPC, EAN, or ISBN"),
    },
    category_separator=">",
    list_separator=",",
    tag_separator=",",
    image_separator=",",
    parent_prefix="id:",
)

WOOCOMMERCE_ORDERS = Format(
    name="woocommerce",
    kind="orders",
    title="WooCommerce: orders of the plugin Advanced Order Export, a line for each product, or of the REST API",
    signature=("Order Number", "Order Status", "Order Date", "Item Cost"),
    fields={
        "order_id": "Order Number",
        "customer_id": ("Customer User ID", "User ID", "Customer ID"),
        "email": ("Email (Billing)", "Customer Account Email Address"),
        "product_id": ("SKU", "Product Id", "Item Name", "Product Name", "Name"),
        "product_name": ("Item Name", "Product Name", "Name"),
        "occurred_at": "Order Date",
        "quantity": ("Quantity (- Refund)", "Quantity"),
        "unit_price": "Item Cost",
        "currency": ("Order Currency", "Currency"),
        "status": "Order Status",
    },
    is_net_of_refunds=True,
)

WOOCOMMERCE_API_ORDERS = Format(
    name="woocommerce",
    kind="orders",
    title=WOOCOMMERCE_ORDERS.title,
    signature=("line_items[].product_id", "date_created|date_created_gmt", "status", "billing"),
    fields={
        "order_id": "id",
        "customer_id": "customer_id",
        "email": "billing.email",
        "product_id": ("line_items[].sku", "line_items[].product_id"),
        "product_name": "line_items[].name",
        "occurred_at": ("date_created_gmt", "date_created"),
        "quantity": "line_items[].quantity",
        "unit_price": "line_items[].price",
        "currency": "currency",
        "status": "status",
        "total": "total",
    },
)
