"""Who may ask for what: every route, joined and alone, with every key and with none."""

import hashlib
import importlib
import itertools
import re
from contextlib import AsyncExitStack

import httpx
import jsonschema
import msgspec
import pytest
import pytest_asyncio
from litestar import get

import main
from domain.errors import ConfigurationError
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import Reason, RecommendationList, RecommendedProduct, for_storefront
from infra.http.app import create_app
from infra.http.auth import BACKEND, OPEN, Authenticator, RateLimit, hash_of, new_key
from infra.http.openapi import documentation, openapi_document
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of, running
from tests.fuzz.requests import FuzzedRequest
from tests.fuzz.shop import ask
from tests.template import functions

BACKEND_KEY, STOREFRONT_KEY, OLD_KEY = "b" * 43, "s" * 43, "o" * 43
API_KEYS = f"backend:{hash_of(BACKEND_KEY)},backend:{hash_of(OLD_KEY)},storefront:{hash_of(STOREFRONT_KEY)}"
ROUTES = [*main.ENDPOINTS, *documentation(*main.ENDPOINTS)]
UNPROTECTED = {
    "/health", "/schema", "/schema/openapi.json", "/schema/start.js", "/schema/swagger-ui-bundle.js",
    "/schema/swagger-ui.css",
}  # fmt: skip
FOR_STOREFRONTS = {"/recommendations/{customer_id:str}", "/recommendations/process-browsing"}


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def every_method_and_path(handlers):
    for handler in handlers:
        yield from itertools.product(sorted(handler.http_methods), sorted(handler.paths))


def request_to(method, path):
    """Make a request that is fine but for its key."""
    asked = {"json": {}} if method == "POST" else {}
    return method, re.sub(r"{[^}]*}", "c-1", path), asked


@pytest_asyncio.fixture(params=["together", "alone"])
async def clients(request, database):
    """Open all routes as one application, or each as one of its own; every one on the same shop."""
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", category="a/b") for n in range(9)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1", segment="Premium"), now=NOW)
        bought = [Purchase(customer_id="c-1", items=(OrderItem(product_id=f"p-{n}"),)) for n in range(3)]
        await repository.record([*bought, BrowsingEvent(customer_id="c-1", product_id="p-4")], now=NOW)
    groups = [ROUTES] if request.param == "together" else [[handler] for handler in ROUTES]
    async with AsyncExitStack() as stack:
        yield [
            (group, await stack.enter_async_context(client_of(create_app(*group, settings=lambda: settings))))
            for group in groups
        ]


async def test_every_route_but_the_documented_ones_asks_for_a_key(clients):
    n_asked = 0
    for group, client in clients:
        for method, path in every_method_and_path(group):
            verb, target, asked = request_to(method, path)
            answers = [
                await client.request(verb, target, headers=headers, **asked)
                for headers in ({}, bearer("x" * 43), bearer(""), {"authorization": BACKEND_KEY}, {"x-api-key": BACKEND_KEY})
            ]
            if path in UNPROTECTED:
                assert {answer.status_code for answer in answers} == {200}, path
            else:
                n_asked += 1
                assert {answer.status_code for answer in answers} == {401}, path
                assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
                assert len({answer.content for answer in answers}) == 1
    assert n_asked == len(main.ENDPOINTS) - 1


async def test_a_storefront_key_opens_recommendations_and_browsing_events_and_nothing_else(clients):
    for group, client in clients:
        for method, path in every_method_and_path(group):
            verb, target, asked = request_to(method, path)
            answer = await client.request(verb, target, headers=bearer(STOREFRONT_KEY), **asked)
            if path in UNPROTECTED | FOR_STOREFRONTS:
                assert answer.status_code in (200, 400), path
            else:
                assert (answer.status_code, answer.json()["type"]) == (403, "urn:problem:forbidden"), path


async def test_every_backend_key_opens_everything(clients):
    for key in (BACKEND_KEY, OLD_KEY):
        for group, client in clients:
            for method, path in every_method_and_path(group):
                verb, target, asked = request_to(
                    method, path.replace("customer/erase/{customer_id:str}", "customer/erase/c-9")
                )
                answer = await client.request(verb, target, headers=bearer(key), **asked)
                assert answer.status_code not in (401, 403), path


async def test_a_refusal_does_not_tell_what_there_is(clients):
    for group, client in clients:
        for method, path in every_method_and_path(group):
            if path in UNPROTECTED | FOR_STOREFRONTS or "{" not in path:
                continue
            known, unknown = (path.replace("{customer_id:str}", name) for name in ("c-1", "nobody"))
            for key in (STOREFRONT_KEY, "wrong"):
                one, other = [await client.request(method, target, headers=bearer(key)) for target in (known, unknown)]
                assert one.content == other.content


async def test_a_key_sent_twice_is_none(clients):
    for _, client in clients:
        for headers in ([("authorization", f"Bearer {BACKEND_KEY}")] * 2, [("authorization", f"Basic {BACKEND_KEY}")]):
            answer = await client.get("/recommendations/c-1", headers=headers)
            assert answer.status_code in (401, 404)


async def test_the_scheme_is_written_in_any_case(clients):
    group, client = next((group, client) for group, client in clients if main.for_customer in group)
    assert group

    answer = await client.get("/recommendations/c-1", headers={"authorization": f"bEARER {BACKEND_KEY}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("what", ["for_customer", "process_browsing"])
async def test_a_storefront_is_not_told_the_segment_nor_what_was_bought(clients, what):
    handler = getattr(main, what)
    client = next(client for group, client in clients if handler in group)

    async def asked(key):
        if what == "for_customer":
            return (await client.get("/recommendations/c-1?limit=9", headers=bearer(key))).json()
        event = {"customer_id": "c-1", "product_id": "p-5", "event_id": "e-9"}
        return (await client.post("/recommendations/process-browsing", json=event, headers=bearer(key))).json()

    whole, part = await asked(BACKEND_KEY), await asked(STOREFRONT_KEY)

    document = msgspec.to_builtins(openapi_document(*main.ENDPOINTS))
    for made in (whole, part):
        jsonschema.validate(made, {"$ref": "#/components/schemas/RecommendationList", "components": document["components"]})
    assert whole["segment"] == "Premium"
    assert "segment" not in part
    assert any(reason.keys() & {"product_id", "category"} for item in whole["items"] for reason in item["reasons"])
    for item in part["items"]:
        assert all(reason.keys() == {"source", "share"} for reason in item["reasons"])
        assert sum(reason["share"] for reason in item["reasons"]) == pytest.approx(1, abs=0.002)
    assert [item["product_id"] for item in part["items"]] == [item["product_id"] for item in whole["items"]]


def test_reasons_of_one_source_are_one_for_a_storefront_the_largest_first():
    reasons = [
        Reason(source="popular", share=0.4),
        Reason(source="bought_together", product_id="p-1", share=0.3),
        Reason(source="bought_together", product_id="p-2", share=0.2),
        Reason(source="category_interest", category="a", share=0.1),
    ]
    item = RecommendedProduct(
        rank=1, product_id="p", name="P", category=None, brand=None, price=None, currency="EUR", url=None, image_url=None,
        score=1.0, reasons=reasons,
    )  # fmt: skip
    made = RecommendationList(
        customer_id="c", segment="Premium", strategy="personalised", generated_at=NOW, cached=True, items=[item]
    )

    [shown] = for_storefront(made).items

    assert shown.reasons == [
        Reason(source="bought_together", share=0.5),
        Reason(source="popular", share=0.4),
        Reason(source="category_interest", share=0.1),
    ]


def test_the_applications_as_deployed_have_no_other_open_route():
    modules = [properties["Handler"].removesuffix(".handler") for properties in functions().values()]
    for app in (main.app, *(importlib.import_module(module).app for module in modules)):
        declared = {
            path: {handler.opt.get("access") for handler in route.route_handlers if handler.http_methods != {"OPTIONS"}}
            for route in app.routes
            for path in [route.path]
        }
        unprotected = {path for path, access in declared.items() if access & {"open", None}}
        assert unprotected == (UNPROTECTED if app is main.app else set())


@pytest.mark.parametrize("opt", [{}, {"access": "everyone"}])
def test_a_route_that_does_not_declare_its_access_cannot_be_built(opt):
    @get("/careless", opt=opt)
    async def careless() -> str:
        return "anything"

    with pytest.raises(ValueError, match="/careless"):
        create_app(careless)


async def test_what_litestar_adds_itself_asks_for_a_backend_key(settings):
    @get("/open", opt=OPEN, sync_to_thread=False)
    def unprotected() -> str:
        return "anything"

    @get("/closed", opt=BACKEND, sync_to_thread=False)
    def protected() -> str:
        return "anything"

    keyed = Settings(database_url=settings.database_url, api_keys=API_KEYS)
    async with client_of(create_app(unprotected, protected, settings=lambda: keyed)) as client:
        answers = [await client.options("/closed", headers=headers) for headers in ({}, bearer(STOREFRONT_KEY))]

    assert [answer.status_code for answer in answers] == [401, 403]


async def anything(*_):
    return None


@pytest.mark.parametrize(
    "option", [{"before_request": anything}, {"cache": 60}, {"middleware": [anything]}, {"guards": [anything]}]
)
def test_a_route_where_something_comes_before_the_guard_cannot_be_built(option):
    @get("/secret", opt=BACKEND, **option)
    async def secret() -> None:
        return None

    with pytest.raises(ValueError, match=f"/secret.* {next(iter(option))} "):
        create_app(secret)


def test_the_document_names_the_key_of_every_operation_and_its_refusals():
    document = openapi_document(*main.ENDPOINTS)

    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, item in document["paths"].items():
        for operation in item.values():
            if path == "/health":
                assert "security" not in operation
                assert not {"401", "403", "429"} & operation["responses"].keys()
            else:
                assert operation["security"] == [{"key": []}], path
                assert {"401", "403", "429"} <= operation["responses"].keys(), path
                scope = "storefront" if path in {name.replace(":str", "") for name in FOR_STOREFRONTS} else "backend"
                assert f"Takes a `{scope}` key" in operation["description"]


def test_a_new_key_has_256_random_bits_and_is_kept_as_its_sha_256():
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert {len(key) for key in keys} == {43}
    assert hash_of("key") == hashlib.sha256(b"key").hexdigest()


def test_a_function_without_keys_does_not_start():
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "function"}

    with pytest.raises(ConfigurationError, match="new-key backend"):
        Authenticator(Settings(), environment=environment)
    assert Authenticator(Settings(api_keys=API_KEYS), environment=environment)


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 200), ("[::1]", 200), ("localhost", 200), ("192.0.2.1", 503), ("shop.example", 503)]
)
async def test_without_keys_a_request_is_answered_only_on_a_loopback_address(settings, host, status, caplog):
    app = create_app(*ROUTES, settings=lambda: settings)
    async with client_of(app) as local:
        await local.post("/customer/create", json={"customer_id": "c-1"})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
            answer = await client.get("/recommendations/c-1")

    assert answer.status_code == status
    assert ("API_KEYS is not set" in caplog.text) == (status == 503)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.0.0.1:8000", 200), ("127.8.9.1", 200), ("[::1]", 200), ("[::1]:8000", 200),
        ("localhost", 200), ("LocalHost:65535", 200), (None, 200),
        ("rebound.example", 421), ("rebound.example:8000", 421), ("192.0.2.1", 421), ("[2001:db8::1]:8000", 421),
        ("localhost.rebound.example", 421), ("127.0.0.1.rebound.example", 421), ("[127.0.0.1]", 200), ("2130706433", 421),
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["together", "alone"])
async def test_without_keys_a_page_whose_host_was_made_to_point_here_is_told_nothing(settings, what, host, status):
    app = create_app(*(ROUTES if what == "together" else [main.export]), settings=lambda: settings)
    async with running(app):
        repository = (await app.storage.shop()).repository
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        headers = [(b"host", host.encode())] if host else []
        answer = await ask(
            app, FuzzedRequest(method="GET", target=b"/customer/export/c-1", headers=headers, parts=[b""], ends=True)
        )

    assert answer.status == status
    assert (b"urn:problem:foreign-host" in answer.body) == (status == 421)
    assert (b"c-1" in answer.body) == (status == 200)


async def test_with_keys_a_host_has_any_name(settings):
    keyed = Settings(database_url=settings.database_url, api_keys=API_KEYS)
    async with client_of(create_app(main.create, settings=lambda: keyed)) as client:
        answer = await client.post("/customer/create", json={}, headers=bearer(BACKEND_KEY) | {"host": "shop.example"})

    assert answer.status_code == 201


async def test_without_keys_an_application_that_does_not_know_where_it_is_served_answers_nothing(settings):
    app = create_app(main.for_customer, settings=lambda: settings)
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/recommendations/c-1", "raw_path": b"/recommendations/c-1",
        "query_string": b"", "headers": [], "root_path": "", "scheme": "http", "http_version": "1.1", "client": None,
        "server": None, "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, None, send)
    await app.storage.close()

    assert sent[0]["status"] == 503


def test_a_key_may_ask_so_many_times_a_second_and_others_are_not_held_up():
    now = [100.0]
    limit = RateLimit(3, clock=lambda: now[0])

    at_once = [limit.take(b"one") for _ in range(5)]
    other = limit.take(b"other")
    now[0] += 1 / 3
    later = [limit.take(b"one") for _ in range(2)]
    now[0] += 60
    rested = [limit.take(b"one") for _ in range(5)]

    assert at_once == [True, True, True, False, False]
    assert other
    assert later == [True, False]
    assert rested == at_once


def test_without_a_limit_a_key_asks_as_often_as_it_likes():
    limit = RateLimit(0)

    assert all(limit.take(b"key") for _ in range(1000))


def test_no_id_of_a_customer_is_a_path_of_another_route():
    paths = [path.replace(":str", "") for handler in ROUTES for path in handler.paths]
    plain = [path for path in paths if "{" not in path]
    clashing = {
        path.rpartition("/")[2]
        for path in plain
        for pattern in set(paths) - set(plain)
        if re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", pattern), path)
    }

    assert clashing == {"process-browsing", "process-purchase"}
    for name in clashing:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"customer_id": name}, NewCustomer)
