"""Invalid methods, paths and query parameters, for all endpoints together and for each alone."""

import pytest

import main
from tests.cases import Cases
from tests.infra.http.examples import LIST, POSTS, assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

BY_ID = (
    ("GET", "/recommendations/"),
    ("GET", "/customer/get-profile/"),
    ("GET", "/customer/export/"),
    ("DELETE", "/customer/erase/"),
    ("GET", "/products/get-product/"),
)
IDS = {
    "unknown-customer": ("c-9", "customer-not-found"),
    "nul": ("a%00", "validation"),
    "invalid-utf-8": ("%ff", "validation"),
    "escaped-surrogate": ("%ED%A0%80", "validation"),
    "129-characters": ("a" * 129, "validation"),
    "129-letters-of-two-bytes": ("%C3%A4" * 129, "validation"),
    "10000-characters": ("a" * 10_000, "validation"),
    "two-dots": ("..", "not-found"),
    "two-encoded-dots": ("%2e%2e", "not-found"),
    "encoded-slash": ("a%2Fb", "customer-not-found"),
    "only-an-encoded-slash": ("%2f", "customer-not-found"),
    "encoded-twice": ("a%252Fb", "customer-not-found"),
    "encoded-slashes-and-dots": ("..%2F..%2Fhealth", "customer-not-found"),
    "slash": ("a/b", "not-found"),
    "number-sign": ("%23%201001", "customer-not-found"),
    "letters-of-two-bytes": ("gr%C3%B6%C3%9Fe", "customer-not-found"),
    "blank-at-the-end": ("a%20", "validation"),
    "two-blanks": ("a%20%20b", "validation"),
    "newline-at-the-end": ("a%0A", "validation"),
    "line-separator": ("a%E2%80%A8b", "validation"),
    "zero-width-space": ("a%E2%80%8Bb", "validation"),
    "encoded-dot": ("%2E", "not-found"),
    "sql": ("'%20OR%201=1--", "customer-not-found"),
    "empty": ("", "not-found"),
    "trailing-slash": ("c-1/", "not-found"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO")
ALLOWED_METHODS = {
    path.replace("{customer_id:str}", "c-1"): endpoint.http_methods for endpoint in main.ENDPOINTS for path in endpoint.paths
}
QUERIES = {
    **{f"limit-{name}": f"limit={value}" for name, value in {
        "is-text": "abc", "empty": "", "with-underscore": "1_000", "invalid-utf-8": "%ff", "nul": "%00",
        "0": "0", "negative": "-1", "101": "101", "2-to-the-70": str(2**70), "of-5000-digits": "9" * 5_000,
    }.items()},
    "limit-twice": "limit=5&limit=5",
    "min-above-max": "min_price=2&max_price=1",
    **{f"min-price-{name}": f"min_price={value}" for name, value in {
        "nan": "nan", "null": "null", "null-in-capitals": "NULL", "infinity": "inf", "empty": "",
    }.items()},
    "max-price-null": "max_price=null",
    "category-empty": "category=",
    "seen-of-another-value": "seen=none",
    "seen-empty": "seen=",
    "seen-in-capitals": "seen=FEW",
    "seen-twice": "seen=few&seen=include",
    **{f"guest-{name}": f"guest={value}" for name, value in {
        "empty": "", "is-a-word": "yes", "2": "2", "null": "null", "false-and-true": "false&guest=true",
    }.items()},
    "exclude-with-two-blanks": "exclude=a%20%20b",
    **{f"{name}-{kind}": f"{name}={value}" for name in ("category", "brand", "tag", "attribute.colour", "placement")
       for kind, value in {"empty": "", "blank": "%20", "with-newline": "a%0A", "with-nul": "%00"}.items()},
    **{f"{name}-too-long": f"{name}={'a' * 201}" for name in ("category", "brand", "tag", "attribute.colour", "placement")},
    **{f"{name}-21-times": "&".join(f"{name}=v-{number}" for number in range(21))
       for name in ("category", "brand", "tag", "attribute.colour")},
    "tag-with-bar": "tag=a%7Cb",
    "placement-twice": "placement=a&placement=b",
    "51-attributes": "&".join(f"attribute.a-{number}=1" for number in range(51)),
    **{f"attribute-{kind}": f"attribute.{name}=1" for kind, name in {
        "without-name": "", "with-quote": "a%22b", "with-backslash": "a%5Cb", "with-blank-at-the-end": "a%20",
        "with-long-name": "a" * 65,
    }.items()},
    **{f"unknown-{name}": f"{name}=1" for name in ("limt", "Limit", "attribute", "Attribute.colour", "customer_id", "")},
    "exclude-101-products": "&".join(f"exclude=p-{number}" for number in range(101)),
}  # fmt: skip


def slug_of(slug, path):
    return "product-not-found" if "product" in path and slug == "customer-not-found" else slug


TARGETS = {
    **{f"{method}-{path.strip('/')}": {name: (method, path + customer_id, slug_of(slug, path))
                                       for name, (customer_id, slug) in IDS.items()} for method, path in BY_ID},
    "double-slash": {
        **{f"{method}-{path}": (method, f"/{path}c-1", "not-found") for method, path in BY_ID},
        **{path: ("POST", f"/{path}", "not-found") for path in POSTS},
    },
    "trailing-slash": {path: ("POST", f"{path}/", "not-found") for path in POSTS},
    "no-endpoint": {path: ("GET", path, "not-found") for path in ("/customer", "/")},
    "method": {f"{method}-{path}": (method, path, "method-not-allowed")
               for path, allowed in ALLOWED_METHODS.items() for method in METHODS if method not in allowed},
    "query": {name: ("GET", f"{LIST}?{query}", "validation") for name, query in QUERIES.items()},
}  # fmt: skip


@pytest.mark.parametrize("kind", TARGETS)
async def test_invalid_targets_are_rejected(send, kind):
    with Cases() as cases:
        for name, (method, target, slug) in TARGETS[kind].items():
            with cases.case(name):
                response = await send(method, target)
                assert_problem(response, slug)
                assert ("allow" in response.headers) == (slug == "method-not-allowed")


KNOWN_PARAMETERS = "seen, guest, limit, category, brand, tag, min_price, max_price, exclude, placement, attribute.NAME"


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("limt=5", "limt", "Unknown parameter; did you mean `limit`?"),
        ("Limit=5", "Limit", "Unknown parameter; did you mean `limit`?"),
        ("categories=a", "categories", "Unknown parameter; did you mean `category`?"),
        ("attributes.colour=a", "attributes.colour", "Unknown parameter; did you mean `attribute.NAME`?"),
        ("x=5", "x", f"Unknown parameter; expected {KNOWN_PARAMETERS}"),
        (f"{'l' * 200}=5", "l" * 64, f"Unknown parameter; expected {KNOWN_PARAMETERS}"),
    ],
)  # fmt: skip
async def test_an_unknown_query_parameter_is_answered_with_the_closest_known_one(send, query, pointer, detail):
    problem = (await send("GET", f"{LIST}?{query}")).json()

    assert problem["errors"] == [{"pointer": f"#/query/{pointer}", "detail": detail}]


async def test_all_unknown_parameters_are_named_at_once_up_to_100(send):
    answer = await send("GET", f"{LIST}?limt=5&limit=1&limit=2&colour=red")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/query/limt", "#/query/limit", "#/query/colour"]

    answer = await send("GET", f"{LIST}?{'&'.join(f'x-{number}=1' for number in range(200))}")
    assert len(answer.json()["errors"]) == 100


async def test_every_endpoint_refuses_unknown_parameters(send):
    with Cases() as cases:
        for method, path in [*((method, path + "x") for method, path in BY_ID), *(("POST", path) for path in POSTS)]:
            with cases.case(f"{method}-{path}"):
                answer = await send(method, f"{path}?nonsense=1", json={} if method == "POST" else None)
                assert_problem(answer, "validation")
                assert answer.json()["errors"][0]["pointer"] == "#/query/nonsense"


async def test_an_endpoint_without_parameters_says_so(send):
    problem = (await send("GET", "/live?x=1")).json()

    assert problem["errors"] == [{"pointer": "#/query/x", "detail": "Unknown parameter; this endpoint has none"}]


async def test_proxy_headers_have_no_effect(send):
    spoofed = {"x-forwarded-for": "1.2.3.4", "x-forwarded-host": "evil", "x-original-url": "/health"}

    plain, response = await send("GET", LIST), await send("GET", LIST, headers=spoofed)

    assert response.json()["items"] == plain.json()["items"]
