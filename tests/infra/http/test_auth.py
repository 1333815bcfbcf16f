"""Which key may use which route, for all routes in one application and for each alone."""

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
from infra.http.auth import BACKEND, OPEN, Authenticator
from infra.http.openapi import documentation, openapi_document
from infra.keys import hash_of, new_key
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of, running
from tests.fuzz.requests import FuzzedRequest
from tests.fuzz.shop import send_request
from tests.template import functions

BACKEND_KEY, STOREFRONT_KEY, VIEWER_KEY, OLD_KEY = "b" * 43, "s" * 43, "v" * 43, "o" * 43
API_KEYS = (
    f"backend:{hash_of(BACKEND_KEY)},backend:{hash_of(OLD_KEY)},storefront:{hash_of(STOREFRONT_KEY)},"
    f"viewer:{hash_of(VIEWER_KEY)}"
)
REPORT_PATHS = {
    "/reports/placements", "/reports/health-of-data", "/experiments/list", "/experiments/report/{experiment_id:str}",
}  # fmt: skip
ROUTES = [*main.ENDPOINTS, *documentation(*main.ENDPOINTS), main.recommend_js]
OPEN_PATHS = {
    "/live", "/ready", "/schema", "/schema/openapi.json", "/schema/start.js", "/schema/swagger-ui-bundle.js",
    "/schema/swagger-ui.css", "/recommend.js",
}  # fmt: skip
STOREFRONT_PATHS = {
    "/products/bought-together", "/products/similar/{product_id:str}", "/products/popular", "/products/trending",
    "/products/new", "/recommendations/{customer_id:str}", "/recommendations/for-page", "/recommendations/process-browsing",
    "/recommendations/record-impressions",
}  # fmt: skip
OF_ANY_KEY = {"/products/popular", "/products/trending", "/products/new", "/recommendations/record-impressions"}
"""What every key and token may ask for, with any parameters."""


with_clients = pytest.mark.asyncio(loop_scope="module")
"""A test of `clients` runs in the event loop in which they were opened."""


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def methods_and_paths(handlers):
    for handler in handlers:
        yield from itertools.product(sorted(handler.http_methods), sorted(handler.paths))


def request_to(method, path):
    """Return the method, path and body of a request that is valid except for its key."""
    body = {"json": {}} if method == "POST" else {}
    return method, re.sub(r"{[^}]*}", "c-1", re.sub(r"{product_id[^}]*}", "p-1", path)), body


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["together", "alone"])
async def clients(request, tmp_path_factory):
    """Open one application of all routes, or one per route, on the same shop."""
    database = tmp_path_factory.mktemp("clients") / "shop.db"
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS, address_limit_per_second=0)
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", category="a/b") for n in range(9)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1", segment="Premium"), now=NOW)
        orders = [Purchase(customer_id="c-1", items=(OrderItem(product_id=f"p-{n}"),)) for n in range(3)]
        await repository.record([*orders, BrowsingEvent(customer_id="c-1", product_id="p-4")], now=NOW)
    groups = [ROUTES] if request.param == "together" else [[handler] for handler in ROUTES]
    async with AsyncExitStack() as stack:
        yield [
            (group, await stack.enter_async_context(client_of(create_app(*group, settings=lambda: settings))))
            for group in groups
        ]


@with_clients
async def test_every_route_except_the_open_ones_requires_a_key(clients):
    n_protected = 0
    for group, client in clients:
        for method, path in methods_and_paths(group):
            verb, target, body = request_to(method, path)
            responses = [
                await client.request(verb, target, headers=headers, **body)
                for headers in ({}, bearer("x" * 43), bearer(""), {"authorization": BACKEND_KEY}, {"x-api-key": BACKEND_KEY})
            ]
            if path in OPEN_PATHS:
                assert {response.status_code for response in responses} == {200}, path
            elif path == "/health":
                # The first and the last have no `Authorization`.
                assert [response.status_code for response in responses] == [200, 401, 401, 401, 200]
            else:
                n_protected += 1
                assert {response.status_code for response in responses} == {401}, path
                assert {response.headers["www-authenticate"] for response in responses} == {"Bearer"}
                assert len({response.content for response in responses}) == 1
    assert n_protected == len(main.ENDPOINTS) - 3


@with_clients
async def test_a_storefront_key_may_use_recommendations_and_browsing_events_only_and_a_viewer_key_reports(clients):
    for group, client in clients:
        for method, path in methods_and_paths(group):
            verb, target, body = request_to(method, path)
            for key, paths in ((STOREFRONT_KEY, STOREFRONT_PATHS), (VIEWER_KEY, REPORT_PATHS)):
                response = await client.request(verb, target, headers=bearer(key), **body)
                if path in OPEN_PATHS | paths | {"/health"}:
                    assert response.status_code in (200, 400, 404), path
                else:
                    assert (response.status_code, response.json()["type"]) == (403, "urn:problem:forbidden"), path


@with_clients
async def test_every_backend_key_may_use_every_route(clients):
    for key in (BACKEND_KEY, OLD_KEY):
        for group, client in clients:
            for method, path in methods_and_paths(group):
                verb, target, body = request_to(
                    method, path.replace("customer/erase/{customer_id:str}", "customer/erase/c-9")
                )
                response = await client.request(verb, target, headers=bearer(key), **body)
                assert response.status_code not in (401, 403), path


@with_clients
async def test_a_rejection_does_not_reveal_whether_a_customer_exists(clients):
    for group, client in clients:
        for method, path in methods_and_paths(group):
            if path in OPEN_PATHS | STOREFRONT_PATHS or "{" not in path:
                continue
            existing, unknown = (path.replace("{customer_id:str}", name) for name in ("c-1", "nobody"))
            for key in (STOREFRONT_KEY, "wrong"):
                first, second = [await client.request(method, target, headers=bearer(key)) for target in (existing, unknown)]
                assert first.content == second.content


@with_clients
async def test_a_repeated_header_or_another_scheme_is_not_a_key(clients):
    for _, client in clients:
        for headers in ([("authorization", f"Bearer {BACKEND_KEY}")] * 2, [("authorization", f"Basic {BACKEND_KEY}")]):
            response = await client.get("/recommendations/c-1", headers=headers)
            assert response.status_code in (401, 404)


@with_clients
async def test_the_case_of_the_scheme_does_not_matter(clients):
    client = next(client for group, client in clients if main.for_customer in group)

    response = await client.get("/recommendations/c-1", headers={"authorization": f"bEARER {BACKEND_KEY}"})

    assert response.status_code == 200


@pytest.mark.parametrize("endpoint", ["for_customer", "process_browsing"])
@with_clients
async def test_a_storefront_list_has_neither_the_segment_nor_the_causes_of_reasons(clients, endpoint):
    handler = getattr(main, endpoint)
    client = next(client for group, client in clients if handler in group)

    async def list_for(key):
        if endpoint == "for_customer":
            return (await client.get("/recommendations/c-1?limit=9", headers=bearer(key))).json()
        event = {"customer_id": "c-1", "product_id": "p-5", "event_id": "e-9"}
        return (await client.post("/recommendations/process-browsing", json=event, headers=bearer(key))).json()

    full, reduced = await list_for(BACKEND_KEY), await list_for(STOREFRONT_KEY)

    document = msgspec.to_builtins(openapi_document(*main.ENDPOINTS))
    for one in (full, reduced):
        jsonschema.validate(one, {"$ref": "#/components/schemas/RecommendationList", "components": document["components"]})
    assert full["segment"] == "Premium"
    assert "segment" not in reduced
    assert any(reason.keys() & {"product_id", "category"} for item in full["items"] for reason in item["reasons"])
    for item in reduced["items"]:
        assert all(reason.keys() == {"source", "share"} for reason in item["reasons"])
        assert sum(reason["share"] for reason in item["reasons"]) == pytest.approx(1, abs=0.002)
    assert [item["product_id"] for item in reduced["items"]] == [item["product_id"] for item in full["items"]]


def test_storefront_reasons_are_merged_by_source_with_the_largest_first():
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
    full = RecommendationList(
        customer_id="c", segment="Premium", strategy="personalised", generated_at=NOW, cached=True, items=[item]
    )

    [reduced] = for_storefront(full).items

    assert reduced.reasons == [
        Reason(source="bought_together", share=0.5),
        Reason(source="popular", share=0.4),
        Reason(source="category_interest", share=0.1),
    ]


def test_the_deployed_applications_have_no_other_open_routes():
    modules = [properties["Handler"].removesuffix(".handler") for properties in functions().values()]
    for app in (main.app, *(importlib.import_module(module).app for module in modules)):
        declared = {
            path: {handler.opt.get("access") for handler in route.route_handlers if handler.http_methods != {"OPTIONS"}}
            for route in app.routes
            for path in [route.path]
        }
        open_paths = {path for path, access in declared.items() if access & {"open", None}}
        if app is main.app:
            assert open_paths == {*OPEN_PATHS, "/dashboard/static/{file_name:str}"}
        else:
            assert open_paths == ({"/recommend.js"} if "/recommend.js" in declared else set())


@pytest.mark.parametrize("opt", [{}, {"access": "everyone"}], ids=["no-access", "unknown-access"])
def test_an_application_with_a_route_without_declared_access_cannot_be_built(opt):
    @get("/undeclared", opt=opt)
    async def undeclared() -> str:
        return "anything"

    with pytest.raises(ValueError, match="/undeclared"):
        create_app(undeclared)


async def test_the_options_routes_that_litestar_adds_require_a_backend_key(settings):
    @get("/open", opt=OPEN, sync_to_thread=False)
    def unprotected() -> str:
        return "anything"

    @get("/closed", opt=BACKEND, sync_to_thread=False)
    def protected() -> str:
        return "anything"

    keyed = Settings(database_url=settings.database_url, api_keys=API_KEYS)
    async with client_of(create_app(unprotected, protected, settings=lambda: keyed)) as client:
        responses = [await client.options("/closed", headers=headers) for headers in ({}, bearer(STOREFRONT_KEY))]

    assert [response.status_code for response in responses] == [401, 403]


async def anything(*_):
    return None


@pytest.mark.parametrize(
    "option",
    [{"before_request": anything}, {"cache": 60}, {"middleware": [anything]}, {"guards": [anything]}],
    ids=lambda option: next(iter(option)),
)
def test_an_application_with_a_route_that_could_bypass_validation_cannot_be_built(option):
    @get("/secret", opt=BACKEND, **option)
    async def secret() -> None:
        return None

    with pytest.raises(ValueError, match=f"/secret.* {next(iter(option))},"):
        create_app(secret)


def test_the_document_declares_the_key_of_every_operation_and_its_errors():
    document = openapi_document(*main.ENDPOINTS)

    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, item in document["paths"].items():
        for operation in item.values():
            if path in OPEN_PATHS:
                assert "security" not in operation
                assert not {"401", "403", "429"} & operation["responses"].keys()
            elif path == "/health":
                assert operation["security"] == [{}, {"key": []}]
                assert {"401", "429"} <= operation["responses"].keys()
            else:
                assert operation["security"] == [{"key": []}], path
                assert {"401", "429"} <= operation["responses"].keys(), path
                may_be_forbidden = path not in OF_ANY_KEY
                assert ("403" in operation["responses"]) == may_be_forbidden, path
                scope = "storefront" if path in {name.replace(":str", "") for name in STOREFRONT_PATHS} else "backend"
                assert f"Requires a `{scope}` " in operation["description"]


def test_a_new_key_has_256_random_bits_and_is_stored_as_its_sha_256():
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert {len(key) for key in keys} == {43}
    assert hash_of("key") == hashlib.sha256(b"key").hexdigest()


def test_a_function_without_keys_does_not_start():
    environment = {"AWS_LAMBDA_FUNCTION_NAME": "function"}

    with pytest.raises(ConfigurationError, match="new-key backend"):
        Authenticator(Settings(), read_token=anything, read_session=anything, environment=environment)
    assert Authenticator(Settings(api_keys=API_KEYS), read_token=anything, read_session=anything, environment=environment)


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 200), ("[::1]", 200), ("localhost", 200), ("192.0.2.1", 503), ("shop.example", 503)]
)
async def test_without_keys_requests_are_accepted_only_on_a_loopback_address(settings, host, status, caplog):
    app = create_app(*ROUTES, settings=lambda: settings)
    async with client_of(app) as local:
        await local.post("/customer/create", json={"customer_id": "c-1"})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
            response = await client.get("/recommendations/c-1")

    assert response.status_code == status
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
@pytest.mark.parametrize("group", ["together", "alone"])
async def test_without_keys_dns_rebinding_gets_no_data(settings, group, host, status):
    app = create_app(*(ROUTES if group == "together" else [main.export]), settings=lambda: settings)
    async with running(app):
        repository = (await app.storage.shop()).repository
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        headers = [(b"host", host.encode())] if host else []
        response = await send_request(
            app, FuzzedRequest(method="GET", target=b"/customer/export/c-1", headers=headers, parts=[b""], ends=True)
        )

    assert response.status == status
    assert (b"urn:problem:foreign-host" in response.body) == (status == 421)
    assert (b"c-1" in response.body) == (status == 200)


async def test_with_keys_any_host_is_accepted(settings):
    keyed = Settings(database_url=settings.database_url, api_keys=API_KEYS)
    async with client_of(create_app(main.create, settings=lambda: keyed)) as client:
        response = await client.post("/customer/create", json={}, headers=bearer(BACKEND_KEY) | {"host": "shop.example"})

    assert response.status_code == 201


async def test_without_keys_an_application_with_an_unknown_address_rejects_requests(settings):
    app = create_app(main.for_customer, settings=lambda: settings)
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/recommendations/c-1", "raw_path": b"/recommendations/c-1",
        "query_string": b"", "headers": [], "root_path": "", "scheme": "http", "http_version": "1.0", "client": None,
        "server": None, "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, None, send)
    await app.storage.close()

    assert sent[0]["status"] == 503


def test_a_customer_id_cannot_be_the_path_of_another_route():
    paths = [path.replace(":str", "") for handler in ROUTES for path in handler.paths]
    # Also the beginning of a longer path: a router that follows it does not come back.
    fixed_paths = [path.partition("/{")[0] for path in paths]
    reserved = {
        path.rpartition("/")[2]
        for path in fixed_paths
        for pattern in set(paths)
        if "{" in pattern
        if re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", pattern), path)
    }

    assert reserved == {
        "process-browsing", "process-purchase", "record-impressions", "for-page", "buy-again", "recently-viewed", "why-not",
    }  # fmt: skip
    for name in reserved:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"customer_id": name}, NewCustomer)
