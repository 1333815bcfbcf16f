"""The columns of real exports, and records in their shape with invented values."""

from infra.ingest.formats.paths import paths_of


def _columns(header, delimiter=","):
    return header.split(delimiter)


SHOPIFY_PRODUCTS = _columns(
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,"
    "Variant Fulfillment Service,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,"
    "Gift Card,Google Shopping / Google Product Category,Variant Image,Cost per item,Status",
)
SHOPIFY_PRODUCTS_2025 = _columns(
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,"
    "Option1 name,Option1 value,Price,Compare-at price,Cost per item,Charge tax,Inventory tracker,Inventory quantity,"
    "Continue selling when out of stock,Weight value (grams),Requires shipping,Product image URL,Image position,Gift card",
)
SHOPIFY_ORDERS = _columns(
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,"
    "Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem sku,Billing Name,Notes,Cancelled at,Payment Method,Refunded Amount,Vendor,Id,Tags,Source,Phone",
)
WOOCOMMERCE_PRODUCTS = [
    *("ID", "Type", "SKU", "GTIN, UPC, EAN, or ISBN", "Name", "Published", "Is featured?", "Visibility in catalog"),
    *("Short description", "Description", "Date sale price starts", "Date sale price ends", "Tax status", "In stock?"),
    *("Stock", "Backorders allowed?", "Sale price", "Regular price", "Categories", "Tags", "Images", "Parent", "Brands"),
    *("Grouped products", "External URL", "Button text", "Position", "Attribute 1 name", "Attribute 1 value(s)"),
]
WOOCOMMERCE_ORDERS = _columns(
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Email (Billing),"
    "Phone (Billing),Payment Method Title,Order Subtotal Amount,Order Shipping Amount,Order Refund Amount,"
    "Order Total Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount",
)
WOOCOMMERCE_API_ORDER = {
    "id": 727,
    "status": "processing",
    "currency": "EUR",
    "date_created": "2026-03-04T10:15:00",
    "date_created_gmt": "2026-03-04T09:15:00",
    "total": "29.35",
    "customer_id": 0,
    "billing": {"first_name": "Canary", "email": "canary@example.com"},
    "line_items": [
        {"id": 315, "name": "Kettle", "product_id": 93, "quantity": 2, "sku": "KET-1", "price": 3},
        {"id": 316, "name": "Cup", "product_id": 22, "quantity": 1, "sku": "", "price": 12},
    ],
}
MAGENTO = _columns(
    "sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,weight,product_online,"
    "tax_class_name,visibility,price,special_price,special_price_from_date,special_price_to_date,url_key,base_image,"
    "created_at,updated_at,additional_attributes,qty,is_in_stock,configurable_variations,associated_skus",
)
PRESTASHOP = _columns(
    "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Tax rules ID;Wholesale price;On sale (0/1);"
    "Reference #;Supplier;Manufacturer;EAN13;UPC;Quantity;Minimal quantity;Visibility;Unit price;Tags (x,y,z...);"
    "Available for order (0 = No, 1 = Yes);Product creation date;Image URLs (x,y,z...);Out of stock",
    delimiter=";",
)
PRESTASHOP_LIST = _columns(
    "Product ID;Image;Name;Reference;Category;Price (tax excl.);Price (tax incl.);Quantity;Status;Position",
    delimiter=";",
)
GOOGLE_MERCHANT = _columns(
    "id,title,description,link,image_link,availability,price,sale_price,sale_price_effective_date,brand,gtin,mpn,condition,"
    "google_product_category,product_type,item_group_id",
)
GOOGLE_MERCHANT_XML = [
    "g:id",
    "title",
    "link",
    "g:image_link",
    "g:availability",
    "g:price",
    "g:product_type",
    "g:item_group_id",
]
GOOGLE_RETAIL_PRODUCT = {
    "id": "GR-1",
    "name": "projects/p/products/GR-1",
    "primaryProductId": "GR",
    "title": "Notebook",
    "brands": ["Papierhaus"],
    "categories": ["Office", "Office > Paper"],
    "priceInfo": {"currencyCode": "USD", "price": 12},
    "availability": "IN_STOCK",
    "images": [{"uri": "https://shop.example.com/1.jpg"}, {"uri": "https://shop.example.com/2.jpg"}],
    "uri": "https://shop.example.com/GR-1",
}
GOOGLE_RETAIL_EVENT = {
    "eventType": "purchase-complete",
    "visitorId": "v-1",
    "userInfo": {"userId": "u-1"},
    "eventTime": "2026-02-17T11:55:00Z",
    "productDetails": [{"product": {"id": "GR-1"}, "quantity": 2}, {"product": {"id": "GR-2"}, "quantity": 1}],
    "purchaseTransaction": {"id": "T-1", "currencyCode": "USD"},
}
GA4_EVENT = {
    "event_date": "20260131",
    "event_timestamp": "1769853605123456",
    "event_name": "purchase",
    "event_params": [
        {"key": "page_location", "value": {"string_value": "https://shop.example.com/"}},
        {"key": "currency", "value": {"string_value": "EUR"}},
    ],
    "user_id": None,
    "user_pseudo_id": "47.17",
    "ecommerce": {"transaction_id": "GA-1"},
    "items": [
        {"item_id": "BK-1", "item_name": "Bell", "price": 14.0, "quantity": "2"},
        {"item_id": "(not set)", "item_name": "Lock", "price": 49.9},
    ],
}
GA4_FLAT = _columns(
    "event_date,event_timestamp,event_name,user_pseudo_id,user_id,item_id,item_name,price,quantity,transaction_id"
)
SEGMENT_VIEW = {
    "type": "track",
    "event": "Product Viewed",
    "userId": "u-1",
    "anonymousId": "a-1",
    "messageId": "m-1",
    "timestamp": "2026-02-23T22:29:00.000Z",
    "context": {"traits": {"email": "canary@example.com"}},
    "properties": {"product_id": "dice", "sku": "dice-S", "name": "Dice", "price": 9.5, "currency": "usd"},
}
SEGMENT_ORDER = SEGMENT_VIEW | {
    "event": "Order Completed",
    "properties": {
        "order_id": "SO-1",
        "currency": "usd",
        "products": [{"product_id": "dice", "price": 9.5, "quantity": 3}, {"sku": "board-S", "price": 44}],
    },
}
PERSONALIZE_INTERACTIONS = ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE"]
PERSONALIZE_ITEMS = ["ITEM_ID", "PRICE", "CATEGORY_L1", "CATEGORY_L2", "PRODUCT_DESCRIPTION", "GENDER"]
RETAILROCKET = ["timestamp", "visitorid", "event", "itemid", "transactionid"]
REES46 = _columns("event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session")
REES46_ORDERS = _columns("event_time,order_id,product_id,category_id,category_code,brand,price,user_id")
UCI_RETAIL = _columns("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country")
UCI_RETAIL_II = _columns("Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country")
GORSE_ITEMS = ["ItemId", "IsHidden", "Categories", "Timestamp", "Labels", "Comment"]
GORSE_ITEMS_CSV = ["item_id", "is_hidden", "categories", "time_stamp", "labels", "description"]
GORSE_USERS = ["UserId", "Labels", "Subscribe", "Comment"]
GORSE_FEEDBACK = ["FeedbackType", "UserId", "ItemId", "Timestamp", "Comment"]
GORSE_FEEDBACK_CSV = ["feedback_type", "user_id", "item_id", "time_stamp"]

COLUMNS = [
    ("shopify-products", "products", SHOPIFY_PRODUCTS),
    ("shopify-products", "products", SHOPIFY_PRODUCTS_2025),
    ("shopify-orders", "orders", SHOPIFY_ORDERS),
    ("woocommerce", "products", WOOCOMMERCE_PRODUCTS),
    ("woocommerce", "orders", WOOCOMMERCE_ORDERS),
    ("woocommerce", "orders", sorted(paths_of(WOOCOMMERCE_API_ORDER))),
    ("magento", "products", MAGENTO),
    ("prestashop", "products", PRESTASHOP),
    ("prestashop", "products", PRESTASHOP_LIST),
    ("google-merchant", "products", GOOGLE_MERCHANT),
    ("google-merchant", "products", GOOGLE_MERCHANT_XML),
    ("google-retail", "products", sorted(paths_of(GOOGLE_RETAIL_PRODUCT))),
    ("google-retail", "events", sorted(paths_of(GOOGLE_RETAIL_EVENT))),
    ("ga4", "events", sorted(paths_of(GA4_EVENT))),
    ("ga4", "events", GA4_FLAT),
    ("segment", "events", sorted(paths_of(SEGMENT_VIEW))),
    ("segment", "events", sorted(paths_of(SEGMENT_ORDER))),
    ("personalize", "events", PERSONALIZE_INTERACTIONS),
    ("personalize", "products", PERSONALIZE_ITEMS),
    ("retailrocket", "events", RETAILROCKET),
    ("rees46", "events", REES46),
    ("rees46", "orders", REES46_ORDERS),
    ("uci-retail", "orders", UCI_RETAIL),
    ("uci-retail", "orders", UCI_RETAIL_II),
    ("gorse", "products", GORSE_ITEMS),
    ("gorse", "products", GORSE_ITEMS_CSV),
    ("gorse", "customers", GORSE_USERS),
    ("gorse", "events", GORSE_FEEDBACK),
    ("gorse", "events", GORSE_FEEDBACK_CSV),
    ("own", "products", ["Product ID", "Name", "In-Stock", "price"]),
    ("own", "customers", ["Customer ID", "First Name", "E-Mail"]),
    ("own", "events", ["customer_id", "product_id", "event_type", "occurred_at"]),
    ("own", "orders", ["order_id", "customer_id", "product_id", "quantity"]),
]
"""Name, kind and columns of every export."""
