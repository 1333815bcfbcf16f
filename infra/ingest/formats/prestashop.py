"""PrestaShop: the product file of its import and of export modules, and the export of its list of products."""

from infra.ingest.formats.format import Format

TITLE = "PrestaShop: product file (as the import takes it, or the export of the product list)"

PRESTASHOP = Format(
    name="prestashop",
    kind="products",
    title=TITLE,
    signature=("Active (0/1)", "Name *", "Categories (x,y,z...)|Categories (x,y,z,...)"),
    fields={
        "product_id": ("Product ID", "ID", "Reference #"),
        "name": "Name *",
        "category": ("Categories (x,y,z...)", "Categories (x,y,z,...)"),
        "brand": "Manufacturer",
        "price": (
            "Price tax included",
            "Price tax incl.",
            "Price tax excluded",
            "Price tax excl.",
            "Price tax excluded or Price tax included",
        ),
        "tags": "Tags (x,y,z...)",
        "in_stock": "Quantity",
        "sells_without_stock": ("Out of stock", "Action when out of stock"),
        "published": ("Active (0/1)", "Visibility", "Available for order (0 = No, 1 = Yes)"),
        "created_at": "Product creation date",
        "image_url": "Image URLs (x,y,z...)",
        "aliases": ("Reference #", "EAN13", "UPC"),
    },
    category_separator="/",
    list_separator=",",
    tag_separator=",",
    image_separator=",",
)

PRESTASHOP_LIST = Format(
    name="prestashop",
    kind="products",
    title=TITLE,
    signature=("Product ID", "Name", "Reference", "Category", "Price (tax excl.)", "Status"),
    fields={
        "product_id": "Product ID",
        "name": "Name",
        "category": "Category",
        "price": ("Price (tax incl.)", "Price (tax excl.)"),
        "in_stock": "Quantity",
        "published": "Status",
        "aliases": "Reference",
    },
)
