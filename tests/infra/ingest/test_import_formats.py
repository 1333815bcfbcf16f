"""One import of each format: a file in the exact shape of the export, and what is stored of it."""

import csv
import io

import pytest

from tests.infra.ingest.formats import exports

CREATE = {"create_products": True}


def table(columns, *rows, delimiter=","):
    """Return a CSV text with the columns of an export; the rows are dicts of the cells that are not empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def variant(handle, sku, quantity, price, **more):
    cells = {"Handle": handle, "Variant SKU": sku, "Variant Inventory Qty": quantity, "Variant Price": price}
    return cells | {"Variant Inventory Tracker": "shopify", "Variant Inventory Policy": "deny"} | more


def shopify_products():
    lamp = {
        "Title": "Lamp",
        "Vendor": "Lumo",
        "Type": "Light",
        "Tags": "warm, desk",
        "Published": "true",
        "Status": "active",
    }
    return table(
        exports.SHOPIFY_PRODUCTS,
        variant(
            "lamp", "L-1", "0", "39.50", **lamp, **{"Image Src": "https://shop.example/1.jpg", "Variant Barcode": "'0401"}
        ),
        variant("lamp", "L-2", "4", "35.00"),
        {"Handle": "lamp", "Image Src": "https://shop.example/2.jpg"},
        variant("desk", "D-1", "-2", "99", Title="Desk", Published="true", Status="draft"),
        variant(
            "gift", "G-1", "0", "10", Title="Gift", Published="true", Status="active", **{"Variant Inventory Tracker": ""}
        ),
    )


async def test_shopify_products(shop):
    report = await shop.run("products", shopify_products())

    assert report.counts == {"new": 3, "merged": 2}
    assert await shop.products("name", "brand", "category", "price", "in_stock", "withdrawn", "tags", "image_url") == {
        "lamp": ("Lamp", "Lumo", "Light", 35.0, True, False, ["warm", "desk"], "https://shop.example/1.jpg"),
        "desk": ("Desk", None, None, 99.0, False, True, [], None),
        "gift": ("Gift", None, None, 10.0, True, False, [], None),
    }
    assert await shop.aliases() == {"L-1": "lamp", "L-2": "lamp", "0401": "lamp", "D-1": "desk", "G-1": "gift"}
    assert (await shop.run("products", shopify_products())).counts == {"unchanged": 3, "merged": 2}


async def test_shopify_products_of_2025(shop):
    text = table(
        exports.SHOPIFY_PRODUCTS_2025,
        {"Title": "Lamp", "URL handle": "lamp", "SKU": "L-1", "Price": "39.50", "Product category": "Home > Lighting",
         "Published on online store": "FALSE", "Status": "Active", "Inventory tracker": "shopify",
         "Inventory quantity": "3", "Continue selling when out of stock": "DENY"},
        {"URL handle": "lamp", "SKU": "L-2", "Price": "41", "Inventory tracker": "shopify", "Inventory quantity": "0"},
    )  # fmt: skip

    await shop.run("products", text)

    assert await shop.products("category", "price", "in_stock", "withdrawn") == {"lamp": ("Home/Lighting", 39.5, True, True)}


def order(name, **cells):
    return {"Name": name, "Created at": "2026-03-04 10:15:00 +0100"} | {key.replace("_", " "): cells[key] for key in cells}


async def test_shopify_orders_after_their_catalogue(shop):
    await shop.run("products", shopify_products())
    first = {"Email": "canary@example.com", "Financial_Status": "paid", "Currency": "USD"}
    item = {"Lineitem_quantity": "2", "Lineitem_price": "35.00", "Lineitem_sku": "L-2", "Lineitem_name": "Lamp - red"}
    other = {"Lineitem_quantity": "1", "Lineitem_price": "10.00", "Lineitem_name": "gift"}
    gone = {"Email": "canary-2@example.com", "Financial_Status": "refunded", "Total": "70", "Refunded_Amount": "70"}
    text = table(
        exports.SHOPIFY_ORDERS,
        order("#1002", **gone, **item),
        order("#1001", **first, **item, Total="80.00", Refunded_Amount="0.00"),
        order("#1001", Email="canary@example.com", **other),
        order("#1000", Financial_Status="paid", **other),
    )

    report = await shop.run("orders", text)

    assert report.counts == {"new": 2, "returned": 1, "guest": 1}
    assert await shop.orders() == {"#1001": ("canary@example.com", [("gift", 1, 10.0), ("lamp", 2, 35.0)])}
    assert await shop.times() == {"#1001": ("USD", "2026-03-04 09:15:00")}
    assert (await shop.customers())["canary@example.com"] == ("canary@example.com", False)
    assert sorted(await shop.products()) == ["desk", "gift", "lamp"]
    again = await shop.run("orders", text)
    assert again.counts == {"seen_before": 3, "guest": 1}


async def test_woocommerce_products(shop):
    name, shown = "Visibility in catalog", {"Published": "1", "Visibility in catalog": "visible"}
    text = table(
        exports.WOOCOMMERCE_PRODUCTS,
        {"ID": "10", "Type": "variable", "SKU": "TEE", "Name": "Tee", **shown, "In stock?": "1", "Images": "a.jpg, b.jpg",
         "Categories": "Clothing, Clothing > Shirts, Sale", "Tags": "soft, new"},
        {"ID": "11", "Type": "variation", "SKU": "TEE-S", "Name": "Tee - S", **shown, "In stock?": "0", "Parent": "TEE",
         "Regular price": "20", "Sale price": "15", "Date sale price ends": "2026-12-31"},
        {"ID": "12", "Type": "simple", "Name": "Hat", **shown, name: "hidden", "In stock?": "1", "Regular price": "9",
         "Sale price": "5", "Date sale price ends": "2026-01-31"},
        {"ID": "13", "Type": "variation", "Name": "Hat - L", **shown, "In stock?": "1", "Parent": "id:12"},
    )  # fmt: skip

    report = await shop.run("products", text)

    assert report.counts == {"new": 4}
    assert await shop.products("name", "category", "price", "in_stock", "withdrawn", "variant_of") == {
        "TEE": ("Tee", "Clothing/Shirts", None, True, False, None),
        "TEE-S": ("Tee - S", None, 15.0, False, False, "TEE"),
        "12": ("Hat", None, 9.0, True, True, None),
        "13": ("Hat - L", None, None, True, False, "12"),
    }
    assert (await shop.products("tags", "image_url"))["TEE"] == (["soft", "new", "Clothing", "Sale"], "a.jpg")
    assert await shop.aliases() == {"10": "TEE", "11": "TEE-S"}


async def test_woocommerce_orders_of_the_plugin(shop):
    def line(number, **cells):
        return {"Order Number": number, "Order Date": "2026-03-04 10:15", "Email (Billing)": "canary@example.com"} | cells

    text = table(
        exports.WOOCOMMERCE_ORDERS,
        line("21", **{"Order Status": "Completed", "SKU": "TEE", "Quantity (- Refund)": "2", "Item Cost": "15",
                      "Order Refund Amount": "9", "Order Total Amount": "39"}),
        line("21", **{"Item Name": "Hat", "Quantity (- Refund)": "0", "Item Cost": "9"}),
        line("22", **{"Order Status": "Cancelled", "SKU": "TEE", "Quantity (- Refund)": "1", "Item Cost": "15"}),
    )  # fmt: skip

    report = await shop.run("orders", text, **CREATE)

    assert (report.counts["empty"], report.read) == (1, 3)
    assert await shop.orders() == {"21": ("canary@example.com", [("TEE", 2, 15.0)])}


async def test_woocommerce_orders_of_the_rest_api(shop):
    await shop.run("orders", [exports.WOOCOMMERCE_API_ORDER], **CREATE)

    assert await shop.orders() == {"727": ("canary@example.com", [("22", 1, 12.0), ("KET-1", 2, 3.0)])}
    assert await shop.times() == {"727": ("EUR", "2026-03-04 09:15:00")}


async def test_magento(shop):
    def product(sku, **cells):
        defaults = {"attribute_set_code": "Default", "product_online": "1", "visibility": "Catalog, Search", "qty": "5"}
        return {"sku": sku, "name": sku.title(), "is_in_stock": "1", "created_at": "2/19/18, 1:06 AM"} | defaults | cells

    categories = "Default Category/Men,Default Category/Men/Tops,Default Category/Sale"
    text = table(
        exports.MAGENTO,
        product("hoodie-xs", price="52.0", special_price="40", special_price_to_date="2026-12-01",
                visibility="Not Visible Individually"),
        product("hoodie", product_type="configurable", categories=categories, is_in_stock="0", qty="0.0000",
                configurable_variations="sku=hoodie-xs,size=XS|sku=hoodie-s,size=S"),
        product("mug", price="5", product_online="2", is_in_stock="1"),
    )  # fmt: skip

    report = await shop.run("products", text)

    assert report.counts == {"new": 3}
    assert await shop.products("price", "category", "in_stock", "withdrawn", "variant_of") == {
        "hoodie-xs": (40.0, None, True, True, "hoodie"),
        "hoodie": (None, "Men/Tops", False, False, None),
        "mug": (5.0, None, True, True, None),
    }
    assert (await shop.products("tags"))["hoodie"] == ["Men", "Sale"]
    assert (await shop.run("products", text)).counts == {"unchanged": 3}


async def test_prestashop(shop):
    text = table(
        exports.PRESTASHOP,
        {"Product ID": "7", "Active (0/1)": "1", "Name *": "Mug", "Categories (x,y,z...)": "Home,Home/Kitchen",
         "Price tax excluded": "11,90", "Reference #": "demo_11", "Manufacturer": "Studio", "Quantity": "300",
         "Visibility": "both", "Available for order (0 = No, 1 = Yes)": "1", "Product creation date": "2026-01-13",
         "Image URLs (x,y,z...)": "https://shop.example/m.jpg,https://shop.example/n.jpg", "Tags (x,y,z...)": "red,tea"},
        {"Product ID": "8", "Active (0/1)": "0", "Name *": "Cup", "Quantity": "0", "Price tax excluded": "5,00"},
        delimiter=";",
    )  # fmt: skip

    await shop.run("products", text)

    assert await shop.products("name", "brand", "price", "category", "tags", "in_stock", "withdrawn", "image_url") == {
        "7": ("Mug", "Studio", 11.9, "Home/Kitchen", ["red", "tea", "Home"], True, False, "https://shop.example/m.jpg"),
        "8": ("Cup", None, 5.0, None, [], False, True, None),
    }
    assert await shop.aliases() == {"demo_11": "7"}


async def test_the_product_list_of_prestashop(shop):
    row = {"Product ID": "7", "Name": "Mug", "Reference": "demo_11", "Category": "Home", "Price (tax excl.)": "€11.90",
           "Price (tax incl.)": "€14.28", "Quantity": "3", "Status": "1"}  # fmt: skip
    await shop.run("products", table(exports.PRESTASHOP_LIST, row, delimiter=";"))

    assert await shop.products("name", "price", "currency", "in_stock", "withdrawn") == {
        "7": ("Mug", 14.28, "EUR", True, False)
    }


async def test_google_merchant_tabs(shop):
    text = table(
        exports.GOOGLE_MERCHANT,
        {"id": "G1", "title": "Bag", "link": "https://shop.example/g1", "availability": "in_stock", "price": "79.00 USD",
         "sale_price": "59.00 USD", "sale_price_effective_date": "2026-11-01T00:00+0000/2026-12-01T00:00+0000",
         "product_type": "Bags > Totes", "item_group_id": "G", "gtin": "4006381333931", "brand": "Casa"},
        {"id": "G2", "title": "Belt", "link": "https://shop.example/g2", "availability": "out of stock",
         "price": "19.00 USD", "google_product_category": "4171"},
        delimiter="\t",
    )  # fmt: skip

    await shop.run("products", text)

    assert await shop.products("price", "currency", "category", "in_stock", "variant_of", "url") == {
        "G1": (59.0, "USD", "Bags/Totes", True, "G", "https://shop.example/g1"),
        "G2": (19.0, "USD", None, False, None, "https://shop.example/g2"),
    }
    assert await shop.aliases() == {"4006381333931": "G1"}


async def test_google_merchant_xml(shop):
    text = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>
<item><g:id>G1</g:id><title>Bag &amp; belt</title><link>https://shop.example/g1</link><g:availability>in_stock</g:availability>
<g:price>1,079.00 EUR</g:price><g:product_type>Bags &gt; Totes</g:product_type><g:item_group_id>G</g:item_group_id>
<g:image_link>https://shop.example/1.jpg</g:image_link></item>
</channel></rss>
"""
    await shop.run("products", text)

    assert await shop.products("name", "price", "category", "in_stock", "variant_of", "image_url") == {
        "G1": ("Bag & belt", 1079.0, "Bags/Totes", True, "G", "https://shop.example/1.jpg")
    }


async def test_google_retail_products(shop):
    await shop.run("products", [exports.GOOGLE_RETAIL_PRODUCT])

    assert await shop.products("name", "brand", "category", "tags", "price", "currency", "in_stock", "variant_of") == {
        "GR-1": ("Notebook", "Papierhaus", "Office/Paper", ["Office"], 12.0, "USD", True, "GR")
    }


async def test_google_retail_events(shop):
    view = exports.GOOGLE_RETAIL_EVENT | {
        "eventType": "detail-page-view", "userInfo": None, "productDetails": [{"product": {"id": "GR-9"}}],
        "purchaseTransaction": None,
    }  # fmt: skip
    search = {"eventType": "search", "visitorId": "v-1", "eventTime": "2026-02-17T11:55:00Z"}

    report = await shop.run("events", [exports.GOOGLE_RETAIL_EVENT, view, search], guests="keep", **CREATE)

    assert report.counts == {"new": 3, "ignored": 1}
    assert await shop.orders() == {"T-1": ("u-1", [("GR-1", 2, None), ("GR-2", 1, None)])}
    assert await shop.events() == [("v-1", "GR-9", "view", "2026-02-17 11:55:00")]
    assert await shop.times() == {"T-1": ("USD", "2026-02-17 11:55:00")}


async def test_ga4(shop):
    known = exports.GA4_EVENT | {"user_id": "u-1"}
    cart = known | {"event_name": "add_to_cart", "ecommerce": {}, "items": [{"item_id": "BK-1", "price": 14.0}]}
    page = known | {"event_name": "page_view", "items": []}

    report = await shop.run("events", [known, cart, page], **CREATE)

    assert report.counts == {"new": 3, "ignored": 1}
    assert await shop.orders() == {"GA-1": ("u-1", [("BK-1", 2, 14.0), ("Lock", 1, 49.9)])}
    assert await shop.events() == [("u-1", "BK-1", "cart", "2026-01-31 10:00:05.123456")]


async def test_ga4_orders_of_guests_and_products_without_an_id(shop):
    report = await shop.run("events", [exports.GA4_EVENT], **CREATE)

    assert report.counts == {"new": 2}
    assert await shop.orders() == {"GA-1": ("47.17", [("BK-1", 2, 14.0), ("Lock", 1, 49.9)])}
    assert await shop.customers() == {"47.17": (None, True)}
    assert await shop.times() == {"GA-1": ("EUR", "2026-01-31 10:00:05.123456")}


async def test_flat_ga4(shop):
    row = {"event_timestamp": "1769853605123456", "user_id": "u-1", "user_pseudo_id": "4.1", "item_id": "BK-1"}
    text = table(exports.GA4_FLAT, row | {"event_name": "view_item"}, row | {"event_name": "view_item_list"})

    report = await shop.run("events", text, **CREATE)

    assert report.counts == {"new": 1, "ignored": 1}
    assert await shop.events() == [("u-1", "BK-1", "view", "2026-01-31 10:00:05.123456")]


async def test_segment(shop):
    guest = exports.SEGMENT_VIEW | {"userId": None, "messageId": "m-3", "context": {}}
    order = exports.SEGMENT_ORDER | {"messageId": "m-2"}

    report = await shop.run("events", [exports.SEGMENT_VIEW, order, guest], **CREATE)

    assert report.counts == {"new": 3, "guest": 1}
    assert await shop.events() == [("u-1", "dice", "view", "2026-02-23 22:29:00")]
    assert await shop.event_ids() == ["m-1"]
    assert await shop.orders() == {"SO-1": ("u-1", [("board-S", 1, 44.0), ("dice", 3, 9.5)])}
    assert (await shop.times())["SO-1"][0] == "USD"


async def test_a_refund_of_segment_takes_the_order_back(shop):
    refund = exports.SEGMENT_ORDER | {"event": "Order Refunded", "messageId": "m-4", "timestamp": "2026-02-25T22:29:00Z",
                                      "properties": {"order_id": "SO-1"}}  # fmt: skip

    report = await shop.run("events", [exports.SEGMENT_ORDER, refund], **CREATE)

    assert report.counts == {"new": 2, "returned": 1}
    assert await shop.orders() == {}


async def test_personalize(shop):
    rows = [{"USER_ID": "7", "ITEM_ID": "i1", "TIMESTAMP": "1767312000", "EVENT_TYPE": name} for name in ("View", "Cart")]
    items = {
        "ITEM_ID": "i1",
        "PRICE": "9.5",
        "CATEGORY_L1": "Books",
        "CATEGORY_L2": "Art/Design",
        "PRODUCT_DESCRIPTION": "x",
    }

    await shop.run("products", table(exports.PERSONALIZE_ITEMS, items))
    report = await shop.run("events", table(exports.PERSONALIZE_INTERACTIONS, *rows))

    assert report.counts == {"new": 2}
    assert await shop.products("category", "price") == {"i1": ("Books/Art-Design", 9.5)}
    assert [event[1:] for event in await shop.events()] == [
        ("i1", "cart", "2026-01-02 00:00:00"), ("i1", "view", "2026-01-02 00:00:00"),
    ]  # fmt: skip


async def test_retailrocket(shop):
    rows = [
        {"timestamp": "1433221332117", "visitorid": "257597", "event": "view", "itemid": "355908"},
        {"timestamp": "1433221332118", "visitorid": "257597", "event": "addtocart", "itemid": "355908"},
        {"timestamp": "1433221332119", "visitorid": "257597", "event": "transaction", "itemid": "355908",
         "transactionid": "4000"},
    ]  # fmt: skip
    report = await shop.run("events", table(exports.RETAILROCKET, *rows), **CREATE)

    assert report.counts == {"new": 3}
    assert [event[2:] for event in await shop.events()] == [
        ("cart", "2015-06-02 05:02:12.118000"), ("view", "2015-06-02 05:02:12.117000"),
    ]  # fmt: skip
    assert await shop.orders() == {"4000": ("257597", [("355908", 1, None)])}


async def test_rees46(shop):
    row = {"event_time": "2019-10-01 00:00:00 UTC", "product_id": "1004856", "category_code": "electronics.phone",
           "price": "130.76", "user_id": "513", "user_session": "s"}  # fmt: skip
    names = ("view", "cart", "purchase", "remove_from_cart", "unknown")
    report = await shop.run("events", table(exports.REES46, *(row | {"event_type": name} for name in names)), **CREATE)

    assert report.counts == {"new": 4, "ignored": 1}
    assert sorted(event[2] for event in await shop.events()) == ["cart_taken_back", "remove_from_cart", "view"]
    assert list((await shop.lines()).values()) == [[("1004856", 1, 130.76)]]


async def test_orders_of_rees46(shop):
    row = {"event_time": "2020-04-24 11:50:39 UTC", "order_id": "2294359932054536986", "product_id": "1515966223509089906",
           "category_code": "electronics.tablet", "price": "162.01", "user_id": "1515915625441993984.0"}  # fmt: skip
    guest = row | {"order_id": "2294359932054536987", "user_id": ""}

    report = await shop.run("orders", table(exports.REES46_ORDERS, row, guest), **CREATE)

    assert report.counts == {"new": 1, "guest": 1}
    assert await shop.orders() == {"2294359932054536986": ("1515915625441993984", [("1515966223509089906", 1, 162.01)])}


@pytest.mark.parametrize("columns", [exports.UCI_RETAIL, exports.UCI_RETAIL_II], ids=["first", "second"])
async def test_uci_retail(shop, columns):
    def line(number, code, quantity, customer="17850.0"):
        values = [number, code, "MUG", quantity, "12/13/2010 8:26", "2.55", customer, "United Kingdom"]
        return dict(zip(columns, values, strict=True))

    text = table(
        columns, line("536365", "85123A", "6"), line("536365", "71053", "2"), line("C536379", "85123A", "-2"),
        line("536370", "71053", "1", customer=""),
    )  # fmt: skip
    report = await shop.run("orders", text, **CREATE)

    assert report.counts == {"new": 2, "returned": 1, "guest": 1}
    assert await shop.orders() == {"536365": ("17850", [("71053", 2, 2.55), ("85123A", 4, 2.55)])}
    assert await shop.times() == {"536365": ("GBP", "2010-12-13 08:26:00")}


async def test_gorse(shop):
    items = [{"ItemId": "m1", "IsHidden": False, "Categories": ["Film", "Drama"], "Timestamp": "2026-01-02T00:00:00Z",
              "Labels": ["old"], "Comment": "The Canary"},
             {"ItemId": "m2", "IsHidden": True, "Categories": [], "Labels": [], "Comment": ""}]  # fmt: skip
    feedback = [{"FeedbackType": name, "UserId": "7", "ItemId": "m1", "Timestamp": "2026-01-02T00:00:00Z"}
                for name in ("read", "star", "teleport")]  # fmt: skip

    await shop.run("products", items)
    await shop.run("customers", [{"UserId": "7", "Labels": ["a"], "Subscribe": []}])
    report = await shop.run("events", feedback)

    assert report.counts == {"new": 2, "ignored": 1}
    products = await shop.products("name", "category", "tags", "withdrawn")
    assert products == {"m1": ("The Canary", "Film", ["old", "Drama"], False), "m2": ("m2", None, [], True)}
    assert await shop.customers() == {"7": (None, False)}
    assert [event[2] for event in await shop.events()] == ["view", "wishlist"]


async def test_own_columns_in_any_spelling(shop):
    await shop.run("products", "Product ID;NAME;In-Stock;sale price;price\np-1;Lamp;sold out;3,50;5,00\n")

    assert await shop.products("name", "in_stock", "price") == {"p-1": ("Lamp", False, 3.5)}
