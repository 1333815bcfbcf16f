"""What each bad input is answered with, by all endpoints together and by each alone; nothing is changed by any."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import pytest_asyncio

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http import auth as access
from infra.http import validation as guard
from infra.http.app import create_app
from infra.http.auth import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = "/customer/create"
ADDRESS = "/customer/add-address"
UPDATE = "/customer/update-behavior"
BROWSE = "/recommendations/process-browsing"
BUY = "/recommendations/process-purchase"
LIST = "/recommendations/c-1"
PROFILE = "/customer/get-profile/c-1"
EXPORT = "/customer/export/c-1"
ERASE = "/customer/erase/c-1"

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
RETENTION_DAYS = 730

AN_ADDRESS = {"kind": "shipping", "line1": "Canary 1", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}
A_PURCHASE = {"customer_id": "c-1", "items": [{"product_id": "p-1", "quantity": 1, "unit_price": 1.5}]}
A_VIEW = {"customer_id": "c-1", "product_id": "p-1"}


def first_name(raw: bytes) -> bytes:
    return b'{"customer_id": "canary-new", "first_name": "canary ' + raw + b'"}'


def purchase(**item) -> dict:
    return A_PURCHASE | {"items": [A_PURCHASE["items"][0] | item]}


def purchase_of(raw: str) -> bytes:
    return json.dumps(purchase(quantity="@")).replace('"@"', raw).encode()


def priced(raw: str) -> bytes:
    return json.dumps(purchase(unit_price="@")).replace('"@"', raw).encode()


def located(**given) -> dict:
    return {"customer_id": "c-1", "addresses": [AN_ADDRESS | given]}


def occurring(instant: str) -> dict:
    return A_VIEW | {"occurred_at": instant}


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


AHEAD = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
TOO_OLD = (datetime.now(UTC) - timedelta(days=RETENTION_DAYS, minutes=1)).isoformat()
YEAR_9999 = "9999-12-31T23:59:59Z"

BODIES = [
    (3, CREATE, b'{"customer_id": "canary-new"', "malformed-json"),
    (4, CREATE, b'{"customer_id": "canary-new"} x', "malformed-json"),
    (4, CREATE, b'{"customer_id": "canary-new"}{}', "malformed-json"),
    (5, BUY, priced("NaN"), "malformed-json"),
    (6, BUY, priced("Infinity"), "malformed-json"),
    (6, BUY, priced("-Infinity"), "malformed-json"),
    (7, BUY, priced("1e999"), "validation"),
    (8, CREATE, first_name(b"\xff"), "malformed-json"),
    (9, CREATE, first_name(b"\xc0\xaf"), "malformed-json"),
    (10, CREATE, first_name(b"\xed\xa0\x80"), "malformed-json"),
    (11, CREATE, first_name(b"\\ud800"), "malformed-json"),
    (12, ADDRESS, deep(100_000), "json-too-deep"),
    (13, CREATE, b'{"customer_id": "canary-new", "unknown": ' + deep(2_000) + b"}", "json-too-deep"),
    (14, CREATE, deep(16), "validation"),
    (14, CREATE, first_name(b"[" * 20).replace(b"canary-new", b"canary-brackets"), None),
    (16, CREATE, '{"customer_id": "canary-new"}'.encode("utf-16"), "malformed-json"),
    (17, CREATE, first_name(b"a\nb"), "malformed-json"),
    (18, CREATE, b'{"customer_id": "canary-new", "customer_id": "canary-new"}', "duplicate-key"),
    (19, CREATE, {"customer_id": "canary-new", "is_admin": True}, "validation"),
    *((20, CREATE, {"customer_id": "canary-new", field: 1}, "validation") for field in ("id", "version", "created_at")),
    (21, BROWSE, {"customer_id": "c-1"}, "validation"),
    (22, CREATE, {"customer_id": "canary-new", "first_name": None}, "validation"),
    (22, BUY, purchase(product_id=None), "validation"),
    (23, CREATE, {"customer_id": 5}, "validation"),
    *((24, BUY, purchase_of(raw), "validation") for raw in ('"1"', '"x"')),
    *((25, BUY, purchase_of(raw), "validation") for raw in ("1.5", "1.0")),
    (26, BUY, purchase_of("true"), "validation"),
    *((27, BUY, purchase_of(raw), "validation") for raw in ("0", "-5")),
    *((28, BUY, purchase_of(raw), "validation") for raw in (str(2**63), str(2**64), "9" * 10_000)),
    *((29, BUY, priced(raw), "validation") for raw in ("-0.01", "1e300", "1.00001", '"1.5"')),
    *((30, CREATE, {"customer_id": "canary-new", "first_name": name}, "validation") for name in ("", "canary" * 34, "   ")),
    *((31, CREATE, {"customer_id": "canary-new", "first_name": name}, "validation") for name in ("canary\x00b", "canary\n")),
    *(
        (33, CREATE, {"customer_id": "canary-new", "email": email}, "validation")
        for email in ("canary", "canary@b@c", "a" * 250 + "@canary.ch", "a@canary.ch\n", "@", "a canary@c")
    ),
    (34, CREATE, {"customer_id": "canary-new", "email": "CANARY@Example.com"}, "email-taken"),
    (34, CREATE, {"customer_id": "c-1"}, "customer-exists"),
    *((35, ADDRESS, located(country=country), "validation") for country in ("CHE", "C", "ch", "C1")),
    (35, ADDRESS, located(postal_code="canary" * 3), "validation"),
    *((35, ADDRESS, located(**{field: "canary" * 34}), "validation") for field in ("line1", "line2", "city", "region")),
    *((35, CREATE, {"customer_id": "canary-new", "phone": phone}, "validation") for phone in ("12", "canary" * 6)),
    (36, ADDRESS, {"customer_id": "c-1", "addresses": [AN_ADDRESS] * 101}, "too-many-items"),
    (36, UPDATE, {"customer_id": "c-1", "browsing": [{"product_id": "p-1"}] * 101}, "too-many-items"),
    (36, UPDATE, {"customer_id": "c-1", "purchases": [{"items": [{"product_id": "p-1"}] * 51}] * 10}, "too-many-items"),
    *((37, BROWSE, A_VIEW | {"product_id": name}, "validation") for name in ("p" * 65, "p 1", "p-1\n", "", "..")),
    *(
        (38, BROWSE, occurring(instant), "validation")
        for instant in ("yesterday", "2026-01-01T10:00:00", "2026-01-01T24:00:00Z", "1969-12-31T23:59:59Z", YEAR_9999, AHEAD)
    ),
    (38, BROWSE, occurring("9999-12-31T23:59:59-14:00"), "validation"),
    (38, UPDATE, {"customer_id": "c-1", "browsing": [{"product_id": "p-1", "occurred_at": AHEAD}]}, "validation"),
    (39, BROWSE, occurring(TOO_OLD), "event-too-old"),
    (39, BUY, A_PURCHASE | {"occurred_at": TOO_OLD}, "event-too-old"),
    (39, UPDATE, {"customer_id": "c-1", "browsing": [{"product_id": "p-1"}, {"product_id": "p-1", "occurred_at": TOO_OLD}]},
     "event-too-old"),
    (40, BROWSE, A_VIEW | {"customer_id": "c-9"}, "customer-not-found"),
    (40, BROWSE, A_VIEW | {"product_id": "p-9"}, "product-not-found"),
    (40, BUY, A_PURCHASE | {"customer_id": "c-9"}, "customer-not-found"),
    (40, ADDRESS, located() | {"customer_id": "c-9"}, "customer-not-found"),
    (42, BROWSE, A_VIEW | {"event_id": "e-1", "event_type": "cart"}, "event-id-reused"),
    (42, BUY, A_PURCHASE | {"order_id": "o-1", "currency": "CHF"}, "event-id-reused"),
    (42, UPDATE, {"customer_id": "c-1", "purchases": [{"items": [{"product_id": "p-1"}], "order_id": "o-1"}]},
     "event-id-reused"),
    (47, CREATE, b'{"first_name": "canary' + b"x" * 64 * 1024 + b'"}', "body-too-large"),
    (47, UPDATE, b" " * 1024 * 1024 + b"{}", "body-too-large"),
    (0, UPDATE, {"customer_id": "c-1"}, "validation"),
    (0, CREATE, {"customer_id": "process-browsing"}, "validation"),
    (0, CREATE, {"customer_id": "canary-new", "segment": "Gold"}, "validation"),
]  # fmt: skip

POSTS = (CREATE, ADDRESS, UPDATE, BROWSE, BUY)
OF_ANY_ENDPOINT = [
    *((1, body, "empty-body") for body in (b"", b" \n")),
    *((2, body, "validation") for body in (b"null", b"[]", b'"x"', b"1")),
    (3, b'{"customer_id": "c-1"', "malformed-json"),
    *((4, b'{"customer_id": "c-1"}' + more, "malformed-json") for more in (b" x", b"{}")),
    *((5 + place, b'{"customer_id": ' + raw + b"}", "malformed-json") for place, raw in enumerate((b"NaN", b"-Infinity"))),
    *(
        (row, b'{"customer_id": "canary' + raw + b'"}', "malformed-json")
        for row, raw in ((8, b"\xff"), (9, b"\xc0\xaf"), (10, b"\xed\xa0\x80"), (11, b"\\ud800"), (17, b"\n"))
    ),
    *((12, deep(levels), "json-too-deep") for levels in (2_000, 30_000)),
    (13, b'{"customer_id": "c-1", "unknown": ' + deep(2_000) + b"}", "json-too-deep"),
    (14, deep(17), "json-too-deep"),
    (15, b'\xef\xbb\xbf{"customer_id": "c-1"}', "malformed-json"),
    (16, '{"customer_id": "c-1"}'.encode("utf-16"), "malformed-json"),
    (18, b'{"customer_id": "c-1", "customer_id": "c-1"}', "duplicate-key"),
    *((19, {"customer_id": "c-1", field: True}, "validation") for field in ("is_admin", "id", "version", "created_at")),
    *((22, {"customer_id": value}, "validation") for value in (None, 5, "a b", "a" * 65, "canary\n")),
]
BODIES += [(row, target, body, slug) for row, body, slug in OF_ANY_ENDPOINT for target in POSTS]

BY_ID = (
    ("GET", "/recommendations/"),
    ("GET", "/customer/get-profile/"),
    ("GET", "/customer/export/"),
    ("DELETE", "/customer/erase/"),
)
IDS = [
    (40, "c-9", "customer-not-found"),
    (51, "a%00", "validation"),
    (52, "%ff", "validation"),
    *((53, "a" * length, "validation") for length in (65, 10_000)),
    *((54, part, "not-found") for part in ("..", "%2e%2e", "a%2Fb", "%2E")),
    (55, "'%20OR%201=1--", "validation"),
    (56, "", "not-found"),
    (57, "c-1/", "not-found"),
]
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO")
OWN_METHODS = {
    path.replace("{customer_id:str}", "c-1"): endpoint.http_methods for endpoint in main.ENDPOINTS for path in endpoint.paths
}

TARGETS = [
    *((row, method, path + given, slug) for row, given, slug in IDS for method, path in BY_ID),
    *((57, method, f"/{path}c-1", "not-found") for method, path in BY_ID),
    *((57, "POST", path, "not-found") for target in POSTS for path in (f"/{target}", f"{target}/")),
    *(
        (63, method, path, "method-not-allowed")
        for path, own in OWN_METHODS.items()
        for method in METHODS
        if method not in own
    ),
    *((58, "GET", f"{LIST}?limit={limit}", "validation") for limit in ("abc", "", "1_000", "%ff", "%00")),
    *((59, "GET", f"{LIST}?limit={limit}", "validation") for limit in ("0", "-1", "101", str(2**70), "9" * 5_000)),
    (60, "GET", f"{LIST}?limit=5&limit=5", "validation"),
    (65, "GET", "/customer", "not-found"),
    (65, "GET", "/", "not-found"),
    (0, "GET", f"{LIST}?min_price=2&max_price=1", "validation"),
    *((0, "GET", f"{LIST}?min_price={price}", "validation") for price in ("nan", "null", "NULL", "inf", "")),
    (0, "GET", f"{LIST}?max_price=null", "validation"),
    (0, "GET", f"{LIST}?category=", "validation"),
    (0, "GET", f"{LIST}?exclude=a%20b", "validation"),
    (0, "GET", LIST + "?" + "&".join(f"exclude=p-{number}" for number in range(101)), "validation"),
]

HEADERS = [
    (43, {}, "unsupported-media-type"),
    *(
        (44, {"content-type": media_type}, "unsupported-media-type")
        for media_type in (
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/msgpack",
        )
    ),
    (45, {"content-type": "application/json; charset=utf-16"}, "unsupported-media-type"),
    (46, {"content-type": "application/json", "content-encoding": "gzip"}, "unsupported-encoding"),
    (49, {"content-type": "application/json", "content-length": str(11 * 1024 * 1024)}, "body-too-large"),
]

AS_BACKEND = ("authorization", f"Bearer {KEYS['backend']}")

CREDENTIALS = [
    (66, "GET", LIST, [], "unauthorized"),
    (66, "POST", CREATE, [], "unauthorized"),
    (66, "DELETE", ERASE, [], "unauthorized"),
    *((67, "GET", PROFILE, [("authorization", sent)], "unauthorized")
      for sent in ("Bearer " + "x" * 43, "Bearer ", "Bearer", "", KEYS["backend"], f"Basic {KEYS['backend']}",
                   f"Bearer {KEYS['backend']}x", f"Bearer {KEYS['backend']} {KEYS['backend']}", "Bearer " + "x" * 60_000)),
    (67, "GET", PROFILE, [AS_BACKEND, AS_BACKEND], "unauthorized"),
    *((68, method, target, [("authorization", f"Bearer {KEYS['storefront']}")], "forbidden")
      for method, target in (("POST", CREATE), ("POST", ADDRESS), ("POST", UPDATE), ("POST", BUY), ("GET", PROFILE),
                             ("GET", EXPORT), ("DELETE", ERASE), ("GET", PROFILE.replace("c-1", "c-9")))),
]  # fmt: skip

STATUS = {
    "empty-body": 400, "malformed-json": 400, "validation": 400, "json-too-deep": 400, "duplicate-key": 400,
    "too-many-items": 400, "not-found": 404, "customer-not-found": 404, "product-not-found": 404,
    "method-not-allowed": 405, "request-timeout": 408, "email-taken": 409, "customer-exists": 409, "body-too-large": 413,
    "unsupported-media-type": 415, "unsupported-encoding": 415, "event-id-reused": 422,
    "event-too-old": 400, "unauthorized": 401, "forbidden": 403, "rate-limited": 429,
}  # fmt: skip


def serves(endpoints):
    """Tell which paths a group of endpoints serves; a path parameter is no other endpoint's path."""
    patterns = [re.sub(r"{[^}]*}", "(?!process-)[^/]+", path) for endpoint in endpoints for path in endpoint.paths]
    return re.compile("|".join(patterns)).fullmatch


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["together", "alone"])
async def ask(request, tmp_path_factory):
    """Send a request to all endpoints together, or to the one that serves its path."""
    database = tmp_path_factory.mktemp("shop") / "shop.db"
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=api_keys, event_retention_days=RETENTION_DAYS)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1", email="canary@example.com"), now=NOW)
        await repository.put_products([ProductChange(product_id="p-1", price=1.5)], now=NOW)
    groups = [main.ENDPOINTS] if request.param == "together" else [(endpoint,) for endpoint in main.ENDPOINTS]
    async with AsyncExitStack() as stack:
        clients = [
            (serves(group), await stack.enter_async_context(client_of(create_app(*group, settings=lambda: settings))))
            for group in groups
        ]

        async def send(method, target, *, headers=(), credentials=(AS_BACKEND,), **sent):
            path = target.partition("?")[0]
            client = next(client for serves_path, client in clients if serves_path(path) or client is clients[-1][1])
            return await client.request(method, target, headers=[*dict(headers).items(), *credentials], **sent)

        first = await send("POST", BROWSE, json=A_VIEW | {"event_id": "e-1"})
        second = await send("POST", BUY, json=A_PURCHASE | {"order_id": "o-1"})
        assert (first.status_code, second.status_code) == (201, 201)
        yield send


def assert_problem(answer, slug):
    assert answer.status_code == STATUS[slug], answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if answer.request.method != "HEAD":
        problem = answer.json()
        assert problem["type"] == f"urn:problem:{slug}"
        assert problem["status"] == answer.status_code


async def state(ask):
    profile = (await ask("GET", PROFILE)).json()
    return profile["customer"], profile["addresses"], profile["activity"]


def named(table):
    return [pytest.param(*row, id=f"{row[0]}-{place}") for place, row in enumerate(table)]


@pytest.mark.parametrize(("row", "target", "body", "slug"), named(BODIES))
async def test_a_bad_body_is_refused_and_changes_nothing(ask, row, target, body, slug):
    before = await state(ask)
    sent = {"content": body} if isinstance(body, bytes) else {"content": json.dumps(body)}

    answer = await ask("POST", target, headers={"content-type": "application/json"}, **sent)

    if slug is None:
        assert answer.status_code == 201
    else:
        assert_problem(answer, slug)
        assert await state(ask) == before


@pytest.mark.parametrize(("row", "method", "target", "slug"), named(TARGETS))
async def test_a_bad_target_is_refused(ask, row, method, target, slug):
    answer = await ask(method, target)

    assert_problem(answer, slug)
    assert ("allow" in answer.headers) == (slug == "method-not-allowed")


@pytest.mark.parametrize("target", POSTS)
@pytest.mark.parametrize(("row", "headers", "slug"), named(HEADERS))
async def test_a_body_of_another_kind_is_refused(ask, row, headers, slug, target):
    answer = await ask("POST", target, content=b'{"customer_id": "canary-new"}', headers=headers)

    assert_problem(answer, slug)


@pytest.mark.parametrize(("row", "method", "target", "credentials", "slug"), named(CREDENTIALS))
async def test_a_bad_credential_is_refused_before_the_body_is_looked_at(ask, row, method, target, credentials, slug):
    before = await state(ask)

    answer = await ask(method, target, credentials=credentials)

    assert_problem(answer, slug)
    assert ("www-authenticate" in answer.headers) == (slug == "unauthorized")
    assert await state(ask) == before


LIMITED = [endpoint for endpoint in main.ENDPOINTS if endpoint is not main.health]


@pytest.mark.parametrize("scope", KEYS)
@pytest.mark.parametrize("group", ["together", "alone"])
@pytest.mark.parametrize("endpoint", LIMITED, ids=lambda endpoint: endpoint.handler_name)
async def test_a_key_that_asks_too_often_is_told_to_wait(tmp_path, monkeypatch, endpoint, group, scope):
    monkeypatch.setattr(access, "RateLimit", partial(access.RateLimit, clock=lambda: 100.0))
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{tmp_path}/shop.db", api_keys=api_keys, rate_limit_per_second=2)
    (method,), (path,) = endpoint.http_methods, endpoint.paths
    asked = {"json": {}} if method == "POST" else {}
    app = create_app(*(main.ENDPOINTS if group == "together" else [endpoint]), settings=lambda: settings)
    async with client_of(app) as client:

        async def ask(key):
            return await client.request(
                method, path.replace("{customer_id:str}", "c-9"), headers={"authorization": f"Bearer {key}"}, **asked
            )

        answers = [await ask(KEYS[scope]) for _ in range(3)]
        others = [await ask(key) for key in KEYS.values() if key != KEYS[scope]]

    assert [answer.status_code == 429 for answer in [*answers, *others]] == [False, False, True, False]
    assert_problem(answers[2], "rate-limited")
    assert answers[2].headers["retry-after"] == "1"


async def test_unusual_but_printable_names_are_stored_as_they_are(ask):
    names = ["\u202eyranaC", "Cana\u200bry", "👩🏽\u200d🚀", "\U0001d49c"]
    for place, name in enumerate(names):
        answer = await ask("POST", CREATE, json={"customer_id": f"n-{place}", "first_name": name})
        assert answer.status_code == 201
        assert (await ask("GET", f"/customer/get-profile/n-{place}")).json()["customer"]["first_name"] == name


@pytest.mark.parametrize(
    ("target", "body"),
    [(BROWSE, A_VIEW | {"event_id": "e-1"}), (BUY, A_PURCHASE | {"order_id": "o-1"})],
    ids=["interaction", "order"],
)
async def test_an_event_sent_again_is_answered_as_the_first_time_and_counted_once(ask, target, body):
    before = await state(ask)

    answers = await asyncio.gather(*(ask("POST", target, json=body) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert await state(ask) == before


async def test_an_unknown_query_parameter_is_ignored(ask):
    assert (await ask("GET", f"{LIST}?colour=red")).status_code == 200


async def test_a_customer_without_events_gets_a_list(ask):
    await ask("POST", CREATE, json={"customer_id": "c-2"})

    answer = await ask("GET", "/recommendations/c-2")

    assert (answer.status_code, answer.json()["strategy"]) == (200, "popular")


async def test_a_body_in_pieces_without_a_length_is_bounded(ask):
    async def pieces():
        for _ in range(12):
            yield b" " * 1024 * 1024

    answer = await ask("POST", UPDATE, content=pieces(), headers={"content-type": "application/json"})

    assert_problem(answer, "body-too-large")


async def test_a_body_that_does_not_come_is_given_up(ask, monkeypatch):
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.01)

    async def silence():
        yield b"{"
        await asyncio.sleep(1)

    answer = await ask("POST", CREATE, content=silence(), headers={"content-type": "application/json"})

    assert_problem(answer, "request-timeout")


@pytest.mark.parametrize(
    "groups", [[main.ENDPOINTS], [[main.process_purchase], [main.for_customer]]], ids=["together", "alone"]
)
async def test_a_clock_that_goes_back_an_hour_changes_no_order(tmp_path, groups):
    statuses = []

    class Clock:
        def now(self):
            return NOW - timedelta(hours=len(statuses))

    settings = Settings(database_url=f"sqlite:///{tmp_path}/shop.db")
    apps = [create_app(*endpoints, settings=lambda: settings) for endpoints in groups]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client_of(app)) for app in apps]
        for app in apps:
            app.storage._clock = Clock()
        repository = (await apps[0].storage.shop()).repository
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(6)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        for n in range(3):
            order = {"customer_id": "c-1", "items": [{"product_id": f"p-{n}"}]}
            statuses.append((await clients[0].post(BUY, json=order)).status_code)
            answer = await clients[-1].get(LIST)
            statuses.append(answer.status_code)
            assert {item["product_id"] for item in answer.json()["items"]} == {f"p-{other}" for other in range(n + 1, 6)}

    assert statuses == [201, 200] * 3


@pytest.mark.parametrize("length", [b"\xb2", b"-1", b"1e3", b"", b"2, 2"])
async def test_a_length_that_is_no_number_says_nothing_of_the_body(ask, length):
    answer = await ask("POST", CREATE, content=b"[", headers={"content-type": "application/json", "content-length": length})

    assert_problem(answer, "malformed-json")


@pytest.mark.parametrize(
    ("twice", "slug"),
    [
        ([("content-type", "application/json"), ("content-type", "text/plain")], "unsupported-media-type"),
        ([("content-type", "text/plain"), ("content-type", "application/json")], "unsupported-media-type"),
        (
            [("content-type", "application/json"), ("content-encoding", "identity"), ("content-encoding", "gzip")],
            "unsupported-encoding",
        ),
    ],
)
async def test_no_second_header_says_otherwise_than_the_first(ask, twice, slug):
    answer = await ask("POST", CREATE, content=b"{}", credentials=[AS_BACKEND, *twice])

    assert_problem(answer, slug)


async def test_headers_of_proxies_have_no_effect(ask):
    spoofed = {"x-forwarded-for": "1.2.3.4", "x-forwarded-host": "evil", "x-original-url": "/health"}

    plain, answer = await ask("GET", LIST), await ask("GET", LIST, headers=spoofed)

    assert answer.json() == plain.json()
