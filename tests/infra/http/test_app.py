"""The application around the endpoints: OpenAPI document, health, errors, hosts, lifespan and mounting."""

import asyncio
import json
import logging
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import jsonschema
import msgspec
import pytest
from fastapi import FastAPI
from litestar.typing import FieldDefinition
from openapi_spec_validator import validate

import main
from domain.errors import ConfigurationError, StoreBusy, StoreUnavailable
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.body import StrictBody
from infra.http.openapi import documentation, openapi_document
from infra.http.problems import PROBLEMS
from infra.settings import Settings
from infra.storage.opening import Storage
from tests.conftest import client_of, running
from tests.fuzz.requests import FuzzedRequest
from tests.fuzz.shop import send_request

DOCUMENT = msgspec.json.decode(msgspec.json.encode(openapi_document(*main.ENDPOINTS)))


def full_app(settings):
    return create_app(*main.ENDPOINTS, *documentation(*main.ENDPOINTS), settings=lambda: settings)


@pytest.fixture
async def client(settings):
    async with client_of(full_app(settings)) as opened:
        yield opened


async def test_health_reports_products_events_and_the_model(client):
    response = await client.get("/health")

    body = response.json()
    assert (response.status_code, body["status"], body["products"], body["events"]) == (200, "ok", 0, 0)
    assert (body["model"]["model_id"], body["model"]["trained_at"]) == ("untrained", None)
    assert body["model"]["choice"]["tuning"]["trials"] == 0
    assert body["model"]["choice"]["recipe"]["history_days"] == 30.0


async def test_the_openapi_document_is_served_and_valid(client):
    response = await client.get("/schema/openapi.json")

    assert response.json() == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


@pytest.mark.parametrize("root", ["http://127.0.0.1:8000/", "https://shop.example/shop/"])
def test_the_document_has_the_url_of_the_mounted_application(root):
    [server] = DOCUMENT["servers"]

    assert urljoin(f"{root}schema/openapi.json", server["url"]) == root


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"email": "canary"}, "Expected an e-mail address"),
        ({"customer_id": "a  b"}, "Expected printable text without invisible characters, "),
        ({"first_name": " "}, "Expected printable text"),
    ],
)
async def test_an_error_describes_the_expected_text_instead_of_a_pattern(client, fields, detail):
    response = await client.post("/customer/create", json=fields)

    [error] = response.json()["errors"]
    assert error["detail"].startswith(detail)


async def test_an_error_describes_the_expected_id_of_a_path(client):
    response = await client.get("/recommendations/a%20%20b")

    assert response.json()["errors"][0]["detail"].startswith("Expected printable text without invisible characters, ")


def test_every_object_is_closed_and_no_request_accepts_null():
    schemas = DOCUMENT["components"]["schemas"]

    assert all(schema["additionalProperties"] is False for schema in schemas.values())
    for name in ("NewCustomer", "Address", "BrowsingEvent", "Purchase", "OrderItem", "BehaviorUpdate"):
        assert '"null"' not in json.dumps(schemas[name])
    assert {"type": "null"} in schemas["Customer"]["properties"]["email"]["anyOf"]


def test_every_operation_declares_its_errors_as_problems():
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
            assert {"405", "500", "503"} <= set(errors), path
            for response in errors.values():
                assert list(response["content"]) == ["application/problem+json"]


async def test_responses_match_the_document(client):
    def check(response, path, method):
        declared = DOCUMENT["paths"][path][method]["responses"][str(response.status_code)]
        (media_type,) = declared["content"]
        assert response.headers["content-type"].split(";")[0] == media_type
        schema = declared["content"][media_type]["schema"]
        jsonschema.validate(response.json(), schema | {"components": DOCUMENT["components"]})

    check(await client.post("/customer/create", json={"customer_id": "c-1"}), "/customer/create", "post")
    check(await client.post("/customer/create", json={"customer_id": "c-1"}), "/customer/create", "post")
    check(await client.post("/customer/create", json={"customer_id": 1}), "/customer/create", "post")
    check(await client.get("/customer/get-profile/c-1"), "/customer/get-profile/{customer_id}", "get")
    check(await client.get("/recommendations/c-1"), "/recommendations/{customer_id}", "get")
    check(await client.get("/health"), "/health", "get")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/schema", "text/html"),
        ("/schema/start.js", "text/javascript"),
        ("/schema/swagger-ui-bundle.js", "text/javascript"),
        ("/schema/swagger-ui.css", "text/css"),
    ],
)
async def test_the_documentation_page_works_offline(client, path, media_type):
    response = await client.get(path)

    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, media_type)
    if path in ("/schema", "/schema/start.js"):
        assert "http" not in response.text


async def test_an_unknown_path_below_the_documentation_is_not_found(client):
    response = await client.get("/schema/nothing")

    assert response.json()["type"] == "urn:problem:not-found"


def let_summary_fail(monkeypatch, error):
    async def fails(*_, **__):
        raise error

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)


@pytest.mark.parametrize(
    ("error", "slug"), [(StoreBusy("busy"), "store-busy"), (StoreUnavailable("gone"), "store-unavailable")]
)
async def test_a_storage_error_is_503_with_retry_after(client, monkeypatch, error, slug):
    let_summary_fail(monkeypatch, error)

    response = await client.get("/health")

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["type"] == f"urn:problem:{slug}"


async def test_a_bug_is_500_without_detail_and_logged_once_with_its_request_id(client, monkeypatch, caplog):
    let_summary_fail(monkeypatch, ZeroDivisionError("secret"))

    with caplog.at_level(logging.ERROR):
        response = await client.get("/health")

    assert (response.status_code, response.json()) == (
        500,
        {"type": "urn:problem:internal", "title": "Internal server error", "status": 500},
    )
    assert [response.headers["x-request-id"] in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "shop:x", "shop:65536", "shop:80:80", "[::1", "[shop]", "\xff"])
@pytest.mark.parametrize("path", ["/health", "/recommendations/%24", "/nothing"])
async def test_a_request_with_an_invalid_host_is_a_bad_request(client, host, path):
    response = await client.get(path, headers={"host": host.encode("latin-1")})

    assert (response.status_code, response.json()["type"]) == (400, "urn:problem:bad-request")


async def test_a_request_with_two_hosts_is_a_bad_request(client):
    response = await client.get("/health", headers=[("host", "shop"), ("host", "shop")])

    assert (response.status_code, response.json()["type"]) == (400, "urn:problem:bad-request")


@pytest.mark.parametrize("host", ["shop", "shop.example:8000", "shop:", "[::1]:8000", "[::1]", "192.0.2.1:65535"])
async def test_a_valid_host_is_accepted(client, host):
    assert (await client.get("/health", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("headers", [[], [(b"host", b"")]], ids=["none", "empty"])
@pytest.mark.parametrize(("version", "status"), [("1.1", 400), ("1.0", 200), ("1", 200), ("2", 200)])
async def test_only_http_1_1_requires_a_host(settings, headers, version, status):
    request = FuzzedRequest(method="GET", target=b"/health", headers=headers, parts=[b""], ends=True)
    app = full_app(settings)

    async def with_version(scope, receive, send):
        await app(scope | {"http_version": version}, receive, send)

    async with running(app):
        assert (await send_request(with_version, request)).status == status


async def test_a_client_that_disconnects_within_its_body_gets_a_bad_request(settings):
    app = full_app(settings)
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/customer/create", "raw_path": b"/customer/create", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "root_path": "", "scheme": "http", "http_version": "1.0",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"},
    }  # fmt: skip
    async with running(app):
        await app(scope, receive, send)

    assert sent[0]["status"] == 400


async def test_an_invalid_setting_stops_the_start_and_fails_requests_of_a_mounted_app():
    def invalid_settings():
        raise ConfigurationError("PORT must be a number.")

    app = create_app(*main.ENDPOINTS, settings=invalid_settings)
    with pytest.raises(ExceptionGroup) as caught:
        async with app.lifespan():
            pass
    assert caught.group_contains(ConfigurationError)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        response = await client.get("/health")

    assert (response.status_code, response.json()["type"]) == (503, "urn:problem:store-unavailable")
    assert "PORT" not in response.text


async def test_a_fastapi_application_mounts_this_one(settings):
    shop = full_app(settings)
    application = FastAPI()
    application.mount("/shop", shop)

    @application.get("/")
    def own() -> str:
        return "mine"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1") as client:
        created, *healths = await asyncio.gather(
            client.post("/shop/customer/create", json={"customer_id": "c-1"}),
            *(client.get("/shop/health") for _ in range(5)),
        )
        responses = [
            await client.get(path)
            for path in ("/", "/shop/recommendations/c-1", "/shop/schema", "/shop/schema/openapi.json", "/shop/nothing")
        ]
    await shop.storage.close()

    assert created.status_code == 201
    assert {response.status_code for response in healths} == {200}
    assert [response.status_code for response in responses] == [200, 200, 200, 200, 404]
    assert responses[-1].json()["type"] == "urn:problem:not-found"


async def test_the_state_of_a_mounting_application_does_not_authenticate_a_request(settings):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{'0' * 64}")
    shop = full_app(keyed)
    application = FastAPI()
    application.mount("/shop", shop)

    @application.middleware("http")
    async def add_state(request, call_next):
        request.state.scope = "backend"
        request.state.request_id = 5
        return await call_next(request)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1") as client:
        response = await client.get("/shop/recommendations/c-1")
    await shop.storage.close()

    assert response.status_code == 401


async def test_without_reuse_every_list_is_computed_again(database, repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    settings = Settings(database_url=f"sqlite:///{database}", reuse_seconds=0)

    async with client_of(full_app(settings)) as client:
        await client.post("/customer/create", json={"customer_id": "c-1"})
        lists = [(await client.get("/recommendations/c-1")).json() for _ in range(2)]

    assert [one["cached"] for one in lists] == [False, False]


def test_the_documentation_lists_every_problem_with_its_status_and_title():
    text = (Path(main.__file__).parent / "docs" / "problems.md").read_text()
    sections = [section.split("`\n\n") for section in text.split("\n## `")[1:]]

    assert [slug for slug, _ in sections] == list(PROBLEMS)
    for slug, section in sections:
        status, title = PROBLEMS[slug]
        assert section.startswith(f"{status}: {title}. "), slug


async def test_the_application_speaks_the_lifespan_protocol(settings):
    received = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return received.pop(0)

    async def send(message):
        sent.append(message["type"])

    await full_app(settings)({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_background_jobs_start_and_end_with_the_application(settings):
    events = []

    def job_named(name):
        @asynccontextmanager
        async def job(storage):
            events.append(f"{name} begins")
            yield
            events.append(f"{name} ends")

        return job

    async with running(
        create_app(*main.ENDPOINTS, settings=lambda: settings, background=[job_named("first"), job_named("second")])
    ):
        events.append("serving")

    assert events == ["first begins", "second begins", "serving", "second ends", "first ends"]


async def test_concurrent_requests_open_one_storage(settings):
    storage = Storage(lambda: settings)

    shops = await asyncio.gather(*(storage.shop() for _ in range(5)))
    await storage.close()

    assert len(set(map(id, shops))) == 1


def test_a_strict_body_needs_no_transfer_model():
    assert list(StrictBody.generate_field_definitions(NewCustomer)) == []
    assert not StrictBody.detect_nested_field(FieldDefinition.from_annotation(NewCustomer))
