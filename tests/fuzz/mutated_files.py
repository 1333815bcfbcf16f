"""Exports of shops, mutated: by cell, by column, by row, by byte, in any layout, encoding and compression."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from copy import deepcopy

from msgspec import Struct

from tests.infra.ingest.formats import exports

ODD_VALUES = [
    "", " ", "NULL", "nan", "None", "#N/A", "0", "-1", "1", "-0.0", "1e5", "1E400", "99999999999999999999",
    "12.0", "1,299.00",
    "1.299,00", "5,90 €", "$5", "(5.00)", "½", "٣", "true", "yes", "view", "purchase", "refund", "cancelled",
    "2026-03-04",
    "2026-03-04T10:15:00+14:00", "03/04/2026", "13/13/2026", "0001-01-01", "9999-12-31T23:59:59Z",
    "1772619300", "1772619300000.5",
    '=HYPERLINK("http://x","y")', "'0012", "a,b;c\td|e", 'say "hi"', "line\nbreak", "C536379", "#1001/2",
    "é😀\u202e", "\u00a0",
    "\ufeff", "\u0000", "\x1b[31m", "{}", "[]", "<b>", "&amp;", "x" * 300, "in stock", "out of stock",
    "A > B, C", "a/b//c", ".", "..",
    "canary@example.com", "http://x/1.jpg", "javascript:alert(1)", "4.00638E+12", "EUR", "€", "XYZ", "--",
    "\\N", "inf", "-inf",
]  # fmt: skip
ODD_JSON = [None, True, 1.5, -3, 10**30, 1e300, [], {}, [[]], [None], {"a": {"b": 1}}, [1, 2], ["a", {"b": 2}], "", "x"]
NAMES = [
    "customer_id",
    "Product ID",
    "product_id",
    "event_type",
    "occurred_at",
    "price",
    "order_id",
    "quantity",
    "email",
    "status",
]
DELIMITERS = [",", ";", "\t", "|"]
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "utf-32"]
TITLES = ["sep=;\n", "sep=,\n", "My shop\n\n", "\n\n", "Report;;;\n", "# exported\n"]
ENDS = ["\n", "\n", "\r\n", "\r"]

OWN = {
    "products": ["product_id", "name", "category", "brand", "price", "currency", "tags", "in_stock", "url", "created_at"],
    "customers": ["customer_id", "email", "first_name", "last_name", "phone", "segment"],
    "events": ["customer_id", "product_id", "event_type", "occurred_at", "order_id", "quantity", "unit_price", "event_id"],
    "orders": ["order_id", "customer_id", "product_id", "quantity", "unit_price", "currency", "occurred_at", "status"],
}
TABLES = [
    *OWN.items(),
    ("events", OWN["events"][:4]),
    ("products", exports.SHOPIFY_PRODUCTS),
    ("products", exports.SHOPIFY_PRODUCTS_2025),
    ("orders", exports.SHOPIFY_ORDERS),
    ("products", exports.WOOCOMMERCE_PRODUCTS),
    ("orders", exports.WOOCOMMERCE_ORDERS),
    ("products", exports.MAGENTO),
    ("products", exports.PRESTASHOP),
    ("products", exports.PRESTASHOP_LIST),
    ("products", exports.GOOGLE_MERCHANT),
    ("events", exports.GA4_FLAT),
    ("events", ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"]),
    ("events", ["timestamp", "visitorid", "event", "itemid", "transactionid"]),
    ("events", ["event_time", "event_type", "product_id", "category_id", "category_code", "brand",
      "price", "user_id", "user_session"]),
    ("orders", ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
    "Country"]),
    ("events", ["FeedbackType", "UserId", "ItemId", "Timestamp"]),
]  # fmt: skip
RECORDS = [
    ("events", exports.GA4_EVENT),
    ("events", exports.SEGMENT_VIEW),
    ("events", exports.GOOGLE_RETAIL_EVENT),
    ("products", exports.GOOGLE_RETAIL_PRODUCT),
    ("orders", exports.WOOCOMMERCE_API_ORDER),
]


class MutatedFile(Struct, frozen=True, kw_only=True):
    """A file to import; `is_about_now` says that its lines may have no instant,
    so that it means another one each time."""

    name: str
    kind: str
    content: bytes
    options: dict
    is_about_now: bool = False


def mutated_file(rng):
    """Return a file that is almost an export of a shop."""
    kind, content = _table(rng) if rng.random() < 0.6 else _records(rng) if rng.random() < 0.7 else _feed(rng)
    if rng.random() < 0.25:
        content = _damaged(rng, content)
    content = _compressed(rng, content)
    if rng.random() < 0.05:
        content = _damaged(rng, content)
        kind = rng.choice(["products", "customers", "events", "orders"])
    return MutatedFile(name="file", kind=kind, content=content, options=_options(rng))


def _options(rng):
    options = {}
    if rng.random() < 0.8:
        options["create_products"] = True
    if rng.random() < 0.3:
        options["guests"] = rng.choice(["per-order", "keep"])
    if rng.random() < 0.3:
        options["dates"] = rng.choice(["dmy", "mdy", "ymd"])
    if rng.random() < 0.05:
        options["delimiter"] = rng.choice(DELIMITERS)
    if rng.random() < 0.05:
        options["encoding"] = rng.choice(["cp1252", "utf-8", "utf-16"])
    return options


def _cell(rng, column):
    """Return a usual value of a column."""
    name = "".join(sign for sign in column.lower() if sign.isalpha())
    for words, values in USUAL.items():
        if any(word in name for word in words):
            return rng.choice(values)
    return rng.choice(["", "text", "5"])


USUAL = {
    ("email",): ["canary1@example.com", "canary2@example.com", ""],
    ("date", "time", "createdat", "occurred", "paidat"): ["2026-03-04 10:15:00", "2026-03-05T11:00:00Z", "2026-02-28"],
    ("user", "customerid", "visitor"): ["canary1", "canary2", "canary3", "17850", "NULL"],
    ("firstname", "lastname", "phone", "billing"): ["Canary", "+49 canary 1"],
    ("orderid", "invoice", "ordernumber", "transaction", "session"): ["1001", "1002", "C1001", ""],
    ("cancelled",): ["", "", "2026-03-05 10:00"],
    ("status", "financial"): ["paid", "completed", "refunded", "active", "partially_refunded", "1"],
    ("eventid",): [f"E{number}" for number in range(10_000)],
    ("event", "feedback"): ["view", "purchase", "add_to_cart", "page_view", "refund", "transaction"],
    ("quantity", "qty", "stock", "inventory", "lineitemquantity"): ["1", "2", "-1", "0", "3"],
    ("price", "amount", "total", "cost"): ["5.00", "5,90", "1299", "12.50 EUR", ""],
    ("published", "online", "active", "ishidden", "instock"): ["1", "0", "true", "yes"],
    ("currency",): ["EUR", "USD", "EUR"],
    ("categor", "producttype"): ["A > B", "Home/Lamps", "A, B > C", "x.y"],
    ("url", "link", "image", "src"): ["https://shop.example.com/1.jpg", ""],
    ("parent", "groupid", "variant"): ["", "p1", "id:7"],
    ("product", "item", "sku", "handle", "id", "stockcode", "reference", "mpn", "gtin"): ["p1", "p2", "p3", "85123A", "22"],
}


def _table(rng):
    kind, columns = rng.choice(TABLES)
    rows = [[_cell(rng, column) for column in columns] for _ in range(rng.choice([1, 3, 12]))]
    table = [list(columns), *rows]
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        rng.choice(TABLE_MUTATIONS)(rng, table)
    delimiter = rng.choice(DELIMITERS)
    stream = io.StringIO()
    writer = csv.writer(
        stream,
        delimiter=delimiter,
        lineterminator=rng.choice(ENDS),
        quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        doublequote=rng.random() < 0.95,
        escapechar="\\",
    )
    writer.writerows(table)
    text = (rng.choice(TITLES) if rng.random() < 0.1 else "") + stream.getvalue()
    return kind, text.encode(rng.choice(ENCODINGS), "replace")


def _set_cell(rng, table):
    row = rng.choice(table[1:] or table)
    if row:
        row[rng.randrange(len(row))] = rng.choice(ODD_VALUES)


def _set_column(rng, table):
    index, value = rng.randrange(len(table[0]) or 1), rng.choice(ODD_VALUES)
    for row in table[1:]:
        if index < len(row):
            row[index] = value


def _drop_column(rng, table):
    index = rng.randrange(len(table[0]) or 1)
    for row in table:
        del row[index : index + 1]


def _repeat_column(rng, table):
    index = rng.randrange(len(table[0]) or 1)
    for row in table:
        row.extend(row[index : index + 1])


def _rename(rng, table):
    if table[0]:
        table[0][rng.randrange(len(table[0]))] = rng.choice(
            [*NAMES, *(value for value in ODD_VALUES if "canary" not in value)]
        )


def _reorder(rng, table):
    order = list(range(len(table[0])))
    rng.shuffle(order)
    for row in table:
        row[:] = [row[index] for index in order if index < len(row)]


def _cut_row(rng, table):
    row = rng.choice(table)
    del row[rng.randrange(len(row) + 1) :]


def _lengthen_row(rng, table):
    rng.choice(table).extend(rng.choice(ODD_VALUES) for _ in range(rng.choice([1, 2, 50])))


def _repeat_row(rng, table):
    table.insert(rng.randrange(len(table) + 1), list(rng.choice(table)))


def _total_row(rng, table):
    table.append([rng.choice(["Total", "Summe", "", "17"]) for _ in table[0]])


TABLE_MUTATIONS = [
    *[_set_cell] * 6, _set_column, _set_column, _drop_column, _repeat_column, _rename, _reorder, _cut_row,
    _lengthen_row,
    _repeat_row, _total_row,
]  # fmt: skip


def _records(rng):
    kind, record = rng.choice(RECORDS) if rng.random() < 0.7 else (None, None)
    if record is None:
        kind = rng.choice(list(OWN))
        record = {column: _cell(rng, column) for column in OWN[kind]}
    records = [json.loads(json.dumps(record)) for _ in range(rng.choice([1, 3, 12]))]
    for _ in range(rng.choice([0, 1, 2, 4])):
        _mutate_value(rng, rng.choice(records))
    layout = rng.choice(["lines", "lines", "array", "object", "indented"])
    dumped = [json.dumps(one, ensure_ascii=rng.random() < 0.5) for one in records]
    text = {
        "lines": "\n".join(dumped) + rng.choice(["", "\n", "\n\n"]),
        "array": f"[{', '.join(dumped)}]",
        "object": json.dumps({rng.choice(["data", "items", "events"]): records, "next": None}),
        "indented": json.dumps(records, indent=2),
    }[layout]
    return kind, text.encode(rng.choice(ENCODINGS[:6]), "replace")


def _mutate_value(rng, value):
    """Change, delete or add one value somewhere within a dictionary or a list."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.6:
            value = value[key]
            continue
        if rng.random() < 0.2:
            del value[key]
        elif rng.random() < 0.1 and isinstance(value, dict):
            value[rng.choice([*NAMES, "x.y", "a[]", ""])] = value.pop(key)
        else:
            value[key] = deepcopy(rng.choice([*ODD_VALUES, *ODD_JSON]))
        return


def _feed(rng):
    fields = [name for name in exports.GOOGLE_MERCHANT_XML if rng.random() < 0.9]
    items = "".join(
        "<item>" + "".join(f"<{name}>{_text(rng, name)}</{name}>" for name in fields) + "</item>"
        for _ in range(rng.choice([1, 3, 8]))
    )
    head = rng.choice(['<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>', "", "<!DOCTYPE x>"])
    text = f'{head}<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>{items}</channel></rss>'
    return "products", text.encode()


def _text(rng, name):
    value = _cell(rng, name) if rng.random() < 0.8 else rng.choice(ODD_VALUES)
    return (
        value
        if rng.random() < 0.05
        else value.replace("&", "&amp;").replace("<", "&lt;").replace("\0", "").replace("\x1b", "")
    )


def _damaged(rng, content):
    """Return bytes with a few of them changed, lost, repeated or cut."""
    content = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5])):
        if not content:
            break
        at = rng.randrange(len(content))
        match rng.randrange(6):
            case 0:
                content[at] = rng.randrange(256)
            case 1:
                del content[at : at + rng.choice([1, 2, 10])]
            case 2:
                del content[at:]
            case 3:
                content[at:at] = rng.choice(
                    [b'"', b"\0", b"\n", b"\r", b",", b";", b"{", b"]", b"<", b"\xff", b"\xef\xbb\xbf"]
                )
            case 4:
                content[at:at] = content[at : at + rng.choice([1, 10, 100])]
            case _:
                content[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice([1, 4])))
    return bytes(content)


def _compressed(rng, content):
    kind = rng.random()
    if kind < 0.06:
        return gzip.compress(content)
    if kind < 0.09:
        return lzma.compress(content)
    if kind < 0.12:
        return bz2.compress(content)
    if kind < 0.16:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("export.csv", content)
            if rng.random() < 0.1:
                archive.writestr("second.csv", content)
        return stream.getvalue()
    return content
