"""Invalid request bodies, for all endpoints together and for each alone: each gets its problem and changes nothing."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.http import validation
from tests.cases import Cases
from tests.infra.http.examples import (
    A_PURCHASE,
    A_VIEW,
    ADDRESS,
    AMEND,
    AN_ADDRESS,
    BACKEND_HEADER,
    BROWSE,
    BUY,
    CHANGE,
    CREATE,
    JSON,
    PAGE,
    POSTS,
    REMOVE_ADDRESS,
    RETENTION_DAYS,
    UPDATE,
    UPDATE_PRODUCTS,
    assert_problem,
    stored_state,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def case(name, target, body, slug):
    return name, target, body, slug


def new_customer(**fields) -> dict:
    return {"customer_id": "canary-new", **fields}


def raw_name(raw: bytes) -> bytes:
    return b'{"customer_id": "canary-new", "first_name": "canary ' + raw + b'"}'


def purchase(**item) -> dict:
    return A_PURCHASE | {"items": [A_PURCHASE["items"][0] | item]}


def raw_quantity(raw: str) -> bytes:
    return json.dumps(purchase(quantity="@")).replace('"@"', raw).encode()


def raw_price(raw: str) -> bytes:
    return json.dumps(purchase(unit_price="@")).replace('"@"', raw).encode()


def address(**fields) -> dict:
    return {"customer_id": "c-1", "addresses": [AN_ADDRESS | fields]}


def amendment(*items) -> dict:
    return {"customer_id": "c-1", "order_id": "o-1", "items": list(items)}


def view_at(instant: str) -> dict:
    return A_VIEW | {"occurred_at": instant}


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


IN_AN_HOUR = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
TOO_OLD = (datetime.now(UTC) - timedelta(days=RETENTION_DAYS, minutes=1)).isoformat()
TOO_LONG_NAME = "canary" * 34
NEW = {"name": "new", "kind": "new"}
"""A list of a page."""

SYNTAX = [
    case("truncated", CREATE, b'{"customer_id": "canary-new"', "malformed-json"),
    case("trailing-text", CREATE, b'{"customer_id": "canary-new"} x', "malformed-json"),
    case("trailing-object", CREATE, b'{"customer_id": "canary-new"}{}', "malformed-json"),
    case("price-nan", BUY, raw_price("NaN"), "malformed-json"),
    case("price-infinity", BUY, raw_price("Infinity"), "malformed-json"),
    case("price-minus-infinity", BUY, raw_price("-Infinity"), "malformed-json"),
    case("invalid-utf-8", CREATE, raw_name(b"\xff"), "malformed-json"),
    case("overlong-utf-8", CREATE, raw_name(b"\xc0\xaf"), "malformed-json"),
    case("surrogate-in-utf-8", CREATE, raw_name(b"\xed\xa0\x80"), "malformed-json"),
    case("escaped-surrogate", CREATE, raw_name(b"\\ud800"), "malformed-json"),
    case("raw-newline-in-a-text", CREATE, raw_name(b"a\nb"), "malformed-json"),
    case("utf-16", CREATE, '{"customer_id": "canary-new"}'.encode("utf-16"), "malformed-json"),
    case("100000-levels", ADDRESS, nested(100_000), "json-too-deep"),
    case(
        "2000-levels-in-a-field",
        CREATE,
        b'{"customer_id": "canary-new", "unknown": ' + nested(2_000) + b"}",
        "json-too-deep",
    ),
    case("16-levels-of-lists", CREATE, nested(16), "validation"),
    case("duplicate-key", CREATE, b'{"customer_id": "canary-new", "customer_id": "canary-new"}', "duplicate-key"),
    case("longer-than-64-kib", CREATE, b'{"first_name": "canary' + b"x" * 64 * 1024 + b'"}', "body-too-large"),
    case("longer-than-1-mib", UPDATE, b" " * 1024 * 1024 + b"{}", "body-too-large"),
]

FIELDS = [
    case("unknown-field", CREATE, new_customer(is_admin=True), "validation"),
    *(case(f"server-field-{field}", CREATE, new_customer(**{field: 1}), "validation")
      for field in ("id", "version", "created_at")),
    case("missing-product", BROWSE, {"customer_id": "c-1"}, "validation"),
    case("null-name", CREATE, new_customer(first_name=None), "validation"),
    case("null-product", BUY, purchase(product_id=None), "validation"),
    case("id-is-a-number", CREATE, {"customer_id": 5}, "validation"),
    *(case(f"quantity-{name}", BUY, raw_quantity(raw), "validation") for name, raw in {
        "is-text": '"x"', "is-a-digit-in-a-text": '"1"', "1.5": "1.5", "1.0": "1.0", "true": "true", "0": "0",
        "negative": "-5",
        "2-to-the-63": str(2**63), "2-to-the-64": str(2**64), "of-10000-digits": "9" * 10_000,
    }.items()),
    *(case(f"price-{name}", BUY, raw_price(raw), "validation") for name, raw in {
        "1e999": "1e999", "negative": "-0.01", "1e300": "1e300", "of-five-decimals": "1.00001", "is-text": '"1.5"',
    }.items()),
    *(case(f"name-{kind}", CREATE, new_customer(first_name=name), "validation") for kind, name in {
        "empty": "", "too-long": TOO_LONG_NAME, "blank": "   ", "with-nul": "canary\x00b", "with-newline": "canary\n",
    }.items()),
    *(case(f"email-{kind}", CREATE, new_customer(email=email), "validation") for kind, email in {
        "with-delete": "canary\x7f@b.ch", "with-control": "canary@b\x9f.ch",
        "without-at": "canary", "with-two-ats": "canary@b@c", "too-long": "a" * 250 + "@canary.ch",
        "with-newline": "a@canary.ch\n", "only-at": "@", "with-space": "a canary@c",
    }.items()),
    case("email-taken-in-other-case", CREATE, new_customer(email="CANARY@Example.com"), "email-taken"),
    case("id-taken", CREATE, {"customer_id": "c-1"}, "customer-exists"),
    case("id-is-a-path", CREATE, {"customer_id": "process-browsing"}, "validation"),
    case("unknown-segment", CREATE, new_customer(segment="Gold"), "validation"),
    *(case(f"country-{country}", ADDRESS, address(country=country), "validation") for country in ("CHE", "C", "ch", "C1")),
    case("postal-code-too-long", ADDRESS, address(postal_code="canary" * 3), "validation"),
    *(case(f"{field}-too-long", ADDRESS, address(**{field: TOO_LONG_NAME}), "validation")
      for field in ("line1", "line2", "city", "region")),
    *(case(f"phone-{kind}", CREATE, new_customer(phone=phone), "validation")
      for kind, phone in {"too-short": "12", "too-long": "canary" * 6}.items()),
    *(case(f"product-id-{kind}", BROWSE, A_VIEW | {"product_id": product_id}, "validation") for kind, product_id in {
        "too-long": "p" * 129, "with-two-blanks": "p  1", "with-newline": "p-1\n", "empty": "", "dots": "..",
    }.items()),
    *(case(f"occurred-{kind}", BROWSE, view_at(instant), "validation") for kind, instant in {
        "yesterday": "yesterday", "without-time-zone": "2026-01-01T10:00:00", "at-24-00": "2026-01-01T24:00:00Z",
        "before-1970": "1969-12-31T23:59:59Z", "in-9999": "9999-12-31T23:59:59Z", "in-an-hour": IN_AN_HOUR,
        "in-10000-by-utc": "9999-12-31T23:59:59-14:00",
    }.items()),
    case("occurred-in-an-hour", UPDATE,
         {"customer_id": "c-1", "browsing": [{"product_id": "p-1", "occurred_at": IN_AN_HOUR}]}, "validation"),
    case("no-events", UPDATE, {"customer_id": "c-1"}, "validation"),
    *(case(f"{field}-is-{value}", CHANGE, {"customer_id": "c-1", field: value}, "validation") for field, value in (
        ("email", "canary"), ("first_name", ""), ("phone", 12), ("segment", "Gold"), ("segment", 1), ("profiling", None),
        ("profiling", "no"), ("profiling", 0), ("is_guest", True), ("created_at", None),
    )),
    case("unknown-event-type", BROWSE, A_VIEW | {"event_type": "remove"}, "validation"),
    *(case(f"unknown-products-are-{value}", BUY, A_PURCHASE | {"unknown_products": value}, "validation")
      for value in ("ignore", True, None)),
    case("unknown-products-of-one-order", UPDATE,
         {"customer_id": "c-1", "purchases": [{"items": [{"product_id": "p-1"}], "unknown_products": "create"}]},
         "validation"),
    case("no-address", REMOVE_ADDRESS, {"customer_id": "c-1"}, "validation"),
    case("no-items", AMEND, {"customer_id": "c-1", "order_id": "o-1"}, "validation"),
    *(case(f"left-{name}", AMEND, amendment(item), "validation") for name, item in {
        "nothing": {"product_id": "p-1", "quantity": 0}, "less-than-nothing": {"product_id": "p-1", "quantity": -1},
        "half": {"product_id": "p-1", "quantity": 0.5}, "a-price": {"product_id": "p-1", "unit_price": 1.0},
        "no-product": {"quantity": 1}, "null": None,
    }.items()),
]  # fmt: skip

EVENTS = [
    case("101-addresses", ADDRESS, {"customer_id": "c-1", "addresses": [AN_ADDRESS] * 101}, "too-many-items"),
    case("101-interactions", UPDATE, {"customer_id": "c-1", "browsing": [{"product_id": "p-1"}] * 101}, "too-many-items"),
    case("510-order-items", UPDATE, {"customer_id": "c-1", "purchases": [{"items": [{"product_id": "p-1"}] * 51}] * 10},
         "too-many-items"),
    case("too-old", BROWSE, view_at(TOO_OLD), "event-too-old"),
    case("too-old", BUY, A_PURCHASE | {"occurred_at": TOO_OLD}, "event-too-old"),
    case("one-too-old", UPDATE,
         {"customer_id": "c-1", "browsing": [{"product_id": "p-1"}, {"product_id": "p-1", "occurred_at": TOO_OLD}]},
         "event-too-old"),
    case("unknown-customer", BROWSE, A_VIEW | {"customer_id": "c-9"}, "customer-not-found"),
    case("unknown-customer", BUY, A_PURCHASE | {"customer_id": "c-9"}, "customer-not-found"),
    case("unknown-customer", ADDRESS, address() | {"customer_id": "c-9"}, "customer-not-found"),
    case("unknown-product", BROWSE, A_VIEW | {"product_id": "p-9"}, "product-not-found"),
    case("unknown-product-to-refuse", BUY, purchase(product_id="p-9") | {"unknown_products": "refuse"}, "product-not-found"),
    case("101-unknown-products", UPDATE, {"customer_id": "c-1", "unknown_products": "create", "purchases": [
        {"items": [{"product_id": f"n-{n}-{order}"} for n in range(60)]} for order in range(2)]}, "too-many-items"),
    case("unknown-customer", CHANGE, {"customer_id": "c-9"}, "customer-not-found"),
    case("unknown-customer", REMOVE_ADDRESS, {"customer_id": "c-9", "address_id": "a"}, "customer-not-found"),
    case("unknown-address", REMOVE_ADDRESS, {"customer_id": "c-1", "address_id": "a"}, "address-not-found"),
    case("unknown-customer", AMEND, amendment() | {"customer_id": "c-9"}, "customer-not-found"),
    case("unknown-order", AMEND, amendment() | {"order_id": "o-9"}, "order-not-found"),
    case("more-than-bought", AMEND, amendment({"product_id": "p-1", "quantity": 2}), "more-than-bought"),
    case("never-bought", AMEND, amendment({"product_id": "p-9"}), "more-than-bought"),
    case("501-items", AMEND, amendment(*({"product_id": "p-1"},) * 501), "too-many-items"),
    case("event-id-of-other-content", BROWSE, A_VIEW | {"event_id": "e-1", "event_type": "cart"}, "event-id-reused"),
    case("order-id-of-other-content", BUY, A_PURCHASE | {"order_id": "o-1", "currency": "CHF"}, "event-id-reused"),
    case("order-id-of-other-content", UPDATE,
         {"customer_id": "c-1", "purchases": [{"items": [{"product_id": "p-1"}], "order_id": "o-1"}]}, "event-id-reused"),
]  # fmt: skip


def products(**fields) -> dict:
    return {"products": [{"product_id": "p-1", **fields}]}


A_YEAR_AHEAD = (datetime.now(UTC) + timedelta(days=365)).isoformat()
CATALOGUE = [
    case("no-products", UPDATE_PRODUCTS, {"products": []}, "validation"),
    case("501-products", UPDATE_PRODUCTS, {"products": [{"product_id": f"p-{n}"} for n in range(501)]}, "too-many-items"),
    case("without-id", UPDATE_PRODUCTS, {"products": [{"price": 1.0}]}, "validation"),
    case("id-null", UPDATE_PRODUCTS, {"products": [{"product_id": None}]}, "validation"),
    case("products-null", UPDATE_PRODUCTS, {"products": None}, "validation"),
    case("product-null", UPDATE_PRODUCTS, {"products": [None]}, "validation"),
    case("a-product-twice", UPDATE_PRODUCTS, {"products": [{"product_id": "p-2"}] * 2}, "validation"),
    case("longer-than-1-mib", UPDATE_PRODUCTS, b" " * 1024 * 1024 + b"{}", "body-too-large"),
    *(case(f"{field}-{kind}", UPDATE_PRODUCTS, products(**{field: value}), "validation") for field, kind, value in (
        ("name", "empty", ""), ("name", "too-long", TOO_LONG_NAME), ("name", "blank", " "), ("name", "a-number", 5),
        ("category", "with-newline", "a\n"), ("brand", "too-long", TOO_LONG_NAME),
        ("price", "true", True), ("price", "text", "1.5"), ("price", "negative", -0.01), ("price", "1e300", 1e300),
        ("price", "of-five-decimals", 1.00001), ("currency", "small", "eur"), ("currency", "of-two-letters", "EU"),
        ("tags", "a-text", "new"), ("tags", "101", [f"t-{n}" for n in range(101)] + [1]), ("tags", "with-bar", ["a|b"]),
        ("tags", "with-null", [None]), ("tags", "empty", [""]),
        ("in_stock", "text", "yes"), ("in_stock", "list", [1]), ("withdrawn", "number", 1), ("url", "empty", ""),
        ("created_at", "without-time-zone", "2026-01-01T10:00:00"), ("created_at", "before-1970", "1969-12-31T23:59:59Z"),
        ("created_at", "in-a-year", A_YEAR_AHEAD), ("variant_of", "dots", ".."), ("aliases", "a-text", "sku"),
        ("aliases", "with-two-blanks", ["a  b"]), ("attributes", "a-list", ["red"]),
        ("attributes", "nested", {"a": {"b": 1}}),
        ("attributes", "51", {f"a-{n}": 1 for n in range(51)}), ("attributes", "name-empty", {"": 1}),
        ("attributes", "name-with-quote", {'a"b': 1}), ("attributes", "name-too-long", {"a" * 65: 1}),
        ("attributes", "value-empty", {"a": ""}), ("attributes", "value-too-long", {"a": TOO_LONG_NAME}),
        ("attributes", "value-1e16", {"a": 1e16}), ("colour", "unknown", "red"), ("product_index", "unknown", 1),
    )),
    *(case(f"{field}-101", UPDATE_PRODUCTS, products(**{field: [f"t-{n}" for n in range(101)]}), "too-many-items")
      for field in ("tags", "aliases")),
    case("1100-aliases", UPDATE_PRODUCTS, {"products": [
        {"product_id": f"p-{n}", "aliases": [f"a-{n}-{m}" for m in range(100)]} for n in range(11)]}, "too-many-items"),
    case("alias-of-another-product", UPDATE_PRODUCTS,
         {"products": [{"product_id": "p-9", "aliases": ["p-1"]}]}, "validation"),
]  # fmt: skip

PAGES = [
    *(case(f"page-{name}", PAGE, {"lists": lists}, slug) for name, lists, slug in (
        ("without-lists", [], "validation"),
        ("with-11-lists", [NEW | {"name": f"n-{n}"} for n in range(11)], "too-many-items"),
        ("with-a-name-twice", [NEW, NEW], "validation"), ("list-is-a-text", ["new"], "validation"),
    )),
    *(case(f"list-{field}-{name}", PAGE, {"lists": [NEW | {field: value}]}, "validation") for field, name, value in (
        ("name", "empty", ""), ("name", "blank", " "), ("name", "too-long", "a" * 65), ("name", "null", None),
        ("kind", "unknown", "best"), ("kind", "empty", ""), ("kind", "in-capitals", "NEW"),
        ("kind", "without-customer", "for-customer"), ("kind", "without-products", "similar"),
        ("product_ids", "not-about-products", ["p-1"]), ("days", "not-counted", 7), ("limit", "0", 0), ("limit", "101", 101),
        ("limit", "text", "5"), ("limit", "true", True), ("min_items", "negative", -1), ("min_items", "101", 101),
        ("category", "text", "a"), ("category", "empty", [""]), ("category", "null", [None]), ("tag", "with-bar", ["a|b"]),
        ("brand", "too-long", [TOO_LONG_NAME]), ("attributes", "a-list", []), ("attributes", "value-is-no-list", {"a": "b"}),
        ("attributes", "without-values", {"a": []}), ("attributes", "name-empty", {"": ["b"]}),
        ("attributes", "nested", {"a": [{"b": 1}]}), ("attributes", "51", {f"a-{n}": ["b"] for n in range(51)}),
        ("min_price", "negative", -1), ("min_price", "text", "1"), ("max_price", "1e10", 1e10),
        ("exclude", "with-two-blanks", ["a  b"]), ("placement", "empty", ""), ("title", "unknown", "x"),
    )),
    *(case(f"{field}-21", PAGE, {"lists": [NEW | {field: [f"v-{n}" for n in range(21)]}]}, "too-many-items")
      for field in ("category", "brand", "tag")),
    case("list-min-above-max", PAGE, {"lists": [NEW | {"min_price": 2, "max_price": 1}]}, "validation"),
    case("similar-to-two", PAGE, {"lists": [NEW | {"kind": "similar", "product_ids": ["p-1", "p-2"]}]}, "validation"),
    case("more-items-than-limit", PAGE, {"lists": [NEW | {"limit": 5, "min_items": 6}]}, "validation"),
    case("list-name-with-nul", PAGE, {"lists": [NEW | {"name": "a\x00b"}]}, "validation"),
    case("days-366", PAGE, {"lists": [NEW | {"kind": "popular", "days": 366}]}, "validation"),
    case("page-seen-unknown", PAGE, {"lists": [NEW], "seen": "all"}, "validation"),
    case("page-guest-is-a-text", PAGE, {"lists": [NEW], "guest": "true"}, "validation"),
    case("page-of-nobody", PAGE, {"lists": [NEW | {"kind": "buy-again"}], "customer_id": "c-9"}, "customer-not-found"),
]  # fmt: skip

EVERY_ENDPOINT = {
    "empty": (b"", "empty-body"),
    "blank": (b" \n", "empty-body"),
    **{f"is-{kind}": (body, "validation") for kind, body in {
        "null": b"null", "a-list": b"[]", "a-text": b'"x"', "a-number": b"1",
    }.items()},
    "not-closed": (b'{"customer_id": "c-1"', "malformed-json"),
    "followed-by-text": (b'{"customer_id": "c-1"} x', "malformed-json"),
    "followed-by-object": (b'{"customer_id": "c-1"}{}', "malformed-json"),
    "id-nan": (b'{"customer_id": NaN}', "malformed-json"),
    "id-minus-infinity": (b'{"customer_id": -Infinity}', "malformed-json"),
    **{f"id-with-{kind}": (b'{"customer_id": "canary' + raw + b'"}', "malformed-json") for kind, raw in {
        "invalid-utf-8": b"\xff", "overlong-utf-8": b"\xc0\xaf", "surrogate-in-utf-8": b"\xed\xa0\x80",
        "escaped-surrogate": b"\\ud800", "raw-newline": b"\n",
    }.items()},
    **{f"{levels}-levels": (nested(levels), "json-too-deep") for levels in (17, 2_000, 30_000)},
    "2000-levels-in-unknown": (b'{"customer_id": "c-1", "unknown": ' + nested(2_000) + b"}", "json-too-deep"),
    "byte-order-mark": (b'\xef\xbb\xbf{"customer_id": "c-1"}', "malformed-json"),
    "utf-16-object": ('{"customer_id": "c-1"}'.encode("utf-16"), "malformed-json"),
    "customer-id-twice": (b'{"customer_id": "c-1", "customer_id": "c-1"}', "duplicate-key"),
    **{f"unknown-{field}": ({"customer_id": "c-1", field: True}, "validation")
       for field in ("is_admin", "id", "version", "created_at")},
    **{f"customer-id-{kind}": ({"customer_id": customer_id}, "validation") for kind, customer_id in {
        "null": None, "number": 5, "with-two-blanks": "a  b", "too-long": "a" * 129, "with-newline": "canary\n",
    }.items()},
}  # fmt: skip
EVERYWHERE = [case(name, target, body, slug) for name, (body, slug) in EVERY_ENDPOINT.items() for target in POSTS]


@pytest.mark.parametrize("target", POSTS, ids=lambda target: target.rpartition("/")[2])
async def test_invalid_bodies_are_rejected_and_change_nothing(send, target):
    state = await stored_state(send)

    with Cases() as cases:
        for name, its_target, body, slug in [*SYNTAX, *FIELDS, *EVENTS, *CATALOGUE, *PAGES, *EVERYWHERE]:
            if its_target != target:
                continue
            with cases.case(name):
                before = state
                content = body if isinstance(body, bytes) else json.dumps(body)
                response = await send("POST", target, headers=JSON, content=content)
                state = await stored_state(send)
                assert_problem(response, slug)
                assert state == before


async def test_brackets_in_a_text_do_not_count_as_nesting(send):
    body = raw_name(b"[" * 20).replace(b"canary-new", b"canary-brackets")

    assert (await send("POST", CREATE, headers=JSON, content=body)).status_code == 201


CONTENT_HEADERS = {
    "no-content-type": ({}, "unsupported-media-type"),
    **{media_type.partition(";")[0]: ({"content-type": media_type}, "unsupported-media-type") for media_type in (
        "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/msgpack",
    )},
    "utf-16": ({"content-type": "application/json; charset=utf-16"}, "unsupported-media-type"),
    "gzip": (JSON | {"content-encoding": "gzip"}, "unsupported-encoding"),
    "length-11-mib": (JSON | {"content-length": str(11 * 1024 * 1024)}, "body-too-large"),
}  # fmt: skip


@pytest.mark.parametrize("target", POSTS, ids=lambda target: target.rpartition("/")[2])
async def test_a_body_with_unsupported_headers_is_rejected(send, target):
    with Cases() as cases:
        for name, (headers, slug) in CONTENT_HEADERS.items():
            with cases.case(name):
                response = await send("POST", target, content=b'{"customer_id": "canary-new"}', headers=headers)
                assert_problem(response, slug)


@pytest.mark.parametrize(
    ("repeated", "slug"),
    [
        ([("content-type", "application/json"), ("content-type", "text/plain")], "unsupported-media-type"),
        ([("content-type", "text/plain"), ("content-type", "application/json")], "unsupported-media-type"),
        (
            [("content-type", "application/json"), ("content-encoding", "identity"), ("content-encoding", "gzip")],
            "unsupported-encoding",
        ),
    ],
    ids=["json-then-text", "text-then-json", "identity-then-gzip"],
)
async def test_a_repeated_header_counts_as_the_list_of_its_values(send, repeated, slug):
    response = await send("POST", CREATE, content=b"{}", credentials=[BACKEND_HEADER, *repeated])

    assert_problem(response, slug)


async def test_a_chunked_body_without_a_length_is_limited(send):
    async def chunks():
        for _ in range(12):
            yield b" " * 1024 * 1024

    response = await send("POST", UPDATE, content=chunks(), headers=JSON)

    assert_problem(response, "body-too-large")


async def test_a_body_that_does_not_arrive_in_time_is_408(send, monkeypatch):
    monkeypatch.setattr(validation, "BODY_TIMEOUT_SECONDS", 0.01)

    async def slow_chunks():
        yield b"{"
        await asyncio.sleep(1)

    response = await send("POST", CREATE, content=slow_chunks(), headers=JSON)

    assert_problem(response, "request-timeout")


@pytest.mark.parametrize("length", [b"\xb2", b"-1", b"1e3", b"", b"2, 2"])
async def test_a_content_length_that_is_not_a_number_is_ignored(send, length):
    response = await send("POST", CREATE, content=b"[", headers=JSON | {"content-length": length})

    assert_problem(response, "malformed-json")
