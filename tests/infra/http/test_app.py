"""The application around the endpoints: its documents, its health, its faults, and living in another one."""

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
from tests.fuzz.shop import ask

DOCUMENT = msgspec.json.decode(msgspec.json.encode(openapi_document(*main.ENDPOINTS)))


def everything(settings):
    return create_app(*main.ENDPOINTS, *documentation(*main.ENDPOINTS), settings=lambda: settings)


@pytest.fixture
async def client(settings):
    async with client_of(everything(settings)) as opened:
        yield opened


async def test_health_names_what_there_is(client):
    answer = await client.get("/health")

    told = answer.json()
    assert (answer.status_code, told["status"], told["products"], told["events"]) == (200, "ok", 0, 0)
    assert (told["model"]["model_id"], told["model"]["trained_at"]) == ("untrained", None)
    assert told["model"]["choice"]["tuning"]["trials"] == 0
    assert told["model"]["choice"]["recipe"]["history_days"] == 30.0


async def test_the_openapi_document_is_served_and_valid(client):
    answer = await client.get("/schema/openapi.json")

    assert answer.json() == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1")
    validate(DOCUMENT)


@pytest.mark.parametrize("root", ["http://127.0.0.1:8000/", "https://shop.example/shop/"])
def test_the_document_sends_requests_to_where_the_application_is_mounted(root):
    [server] = DOCUMENT["servers"]

    assert urljoin(f"{root}schema/openapi.json", server["url"]) == root


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"email": "canary"}, "Expected an e-mail address"),
        ({"customer_id": "a b"}, "Expected letters, digits, "),
        ({"first_name": " "}, "Expected printable text"),
    ],
)
async def test_a_wrong_text_is_told_in_words_and_not_by_a_pattern(client, given, said):
    answer = await client.post("/customer/create", json=given)

    [error] = answer.json()["errors"]
    assert error["detail"].startswith(said)


async def test_a_wrong_id_in_a_path_is_told_in_words_as_well(client):
    answer = await client.get("/recommendations/a%20b")

    assert answer.json()["errors"][0]["detail"].startswith("Expected letters, digits, ")


def test_every_object_is_closed_and_no_request_takes_null():
    schemas = DOCUMENT["components"]["schemas"]

    assert all(schema["additionalProperties"] is False for schema in schemas.values())
    for name in ("NewCustomer", "Address", "BrowsingEvent", "Purchase", "OrderItem", "BehaviorUpdate"):
        assert '"null"' not in json.dumps(schemas[name])
    assert {"type": "null"} in schemas["Customer"]["properties"]["email"]["anyOf"]


def test_every_operation_declares_its_errors_as_problems():
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"405", "500", "503"} <= set(errors), path
            for answer in errors.values():
                assert list(answer["content"]) == ["application/problem+json"]


async def test_answers_are_as_the_document_says(client, now):
    def holds(answer, path, method):
        declared = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]
        (media_type,) = declared["content"]
        assert answer.headers["content-type"].split(";")[0] == media_type
        schema = declared["content"][media_type]["schema"]
        jsonschema.validate(answer.json(), schema | {"components": DOCUMENT["components"]})

    holds(await client.post("/customer/create", json={"customer_id": "c-1"}), "/customer/create", "post")
    holds(await client.post("/customer/create", json={"customer_id": "c-1"}), "/customer/create", "post")
    holds(await client.post("/customer/create", json={"customer_id": 1}), "/customer/create", "post")
    holds(await client.get("/customer/get-profile/c-1"), "/customer/get-profile/{customer_id}", "get")
    holds(await client.get("/recommendations/c-1"), "/recommendations/{customer_id}", "get")
    holds(await client.get("/health"), "/health", "get")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/schema", "text/html"),
        ("/schema/start.js", "text/javascript"),
        ("/schema/swagger-ui-bundle.js", "text/javascript"),
        ("/schema/swagger-ui.css", "text/css"),
    ],
)
async def test_the_documentation_page_comes_with_all_it_needs(client, path, kind):
    answer = await client.get(path)

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
    if path in ("/schema", "/schema/start.js"):
        assert "http" not in answer.text


async def test_an_unknown_path_below_the_documentation_is_a_problem(client):
    answer = await client.get("/schema/nothing")

    assert answer.json()["type"] == "urn:problem:not-found"


def failing(monkeypatch, error):
    async def fails(*_, **__):
        raise error

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)


@pytest.mark.parametrize(
    ("error", "slug"), [(StoreBusy("busy"), "store-busy"), (StoreUnavailable("gone"), "store-unavailable")]
)
async def test_a_storage_that_does_not_answer_is_503_with_retry_after(client, monkeypatch, error, slug):
    failing(monkeypatch, error)

    answer = await client.get("/health")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == f"urn:problem:{slug}"


async def test_a_bug_is_500_without_detail_and_logged_once_with_its_request_id(client, monkeypatch, caplog):
    failing(monkeypatch, ZeroDivisionError("secret"))

    with caplog.at_level(logging.ERROR):
        answer = await client.get("/health")

    assert (answer.status_code, answer.json()) == (
        500,
        {"type": "urn:problem:internal", "title": "Something went wrong", "status": 500},
    )
    assert [answer.headers["x-request-id"] in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", "shop:x", "shop:65536", "shop:80:80", "[::1", "[shop]", "\xff"])
@pytest.mark.parametrize("path", ["/health", "/recommendations/%24", "/nothing"])
async def test_a_request_with_a_wrong_host_is_a_bad_request(client, host, path):
    answer = await client.get(path, headers={"host": host.encode("latin-1")})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:problem:bad-request")


async def test_a_request_with_two_hosts_is_a_bad_request(client):
    answer = await client.get("/health", headers=[("host", "shop"), ("host", "shop")])

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:problem:bad-request")


@pytest.mark.parametrize("host", ["shop", "shop.example:8000", "shop:", "[::1]:8000", "[::1]", "192.0.2.1:65535", ""])
async def test_a_plain_host_is_welcome(client, host):
    assert (await client.get("/health", headers={"host": host})).status_code == 200


async def test_a_request_without_a_host_is_welcome(settings):
    asked = FuzzedRequest(method="GET", target=b"/health", headers=[], parts=[b""], ends=True)
    app = everything(settings)

    async with running(app):
        assert (await ask(app, asked)).status == 200


async def test_a_client_that_goes_away_in_the_middle_of_a_body_harms_nobody(settings):
    app = everything(settings)
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/customer/create", "raw_path": b"/customer/create", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "root_path": "", "scheme": "http", "http_version": "1.1",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"},
    }  # fmt: skip
    async with running(app):
        await app(scope, receive, send)

    assert sent[0]["status"] == 400


async def test_a_wrong_setting_stops_the_start_and_fails_requests_of_a_mounted_app():
    def wrong():
        raise ConfigurationError("PORT must be a number.")

    app = create_app(*main.ENDPOINTS, settings=wrong)
    with pytest.raises(ExceptionGroup) as caught:
        async with app.lifespan():
            pass
    assert caught.group_contains(ConfigurationError)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        answer = await client.get("/health")

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:store-unavailable")
    assert "PORT" not in answer.text


async def test_a_fastapi_application_mounts_this_one(settings):
    shop = everything(settings)
    application = FastAPI()
    application.mount("/shop", shop)

    @application.get("/")
    def own() -> str:
        return "mine"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1") as client:
        created, *listed = await asyncio.gather(
            client.post("/shop/customer/create", json={"customer_id": "c-1"}),
            *(client.get("/shop/health") for _ in range(5)),
        )
        answers = [
            await client.get(path)
            for path in ("/", "/shop/recommendations/c-1", "/shop/schema", "/shop/schema/openapi.json", "/shop/nothing")
        ]
    await shop.storage.close()

    assert created.status_code == 201
    assert {answer.status_code for answer in listed} == {200}
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 404]
    assert answers[-1].json()["type"] == "urn:problem:not-found"


async def test_what_an_application_that_mounts_this_one_knows_of_a_request_opens_nothing(settings):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{'0' * 64}")
    shop = everything(keyed)
    application = FastAPI()
    application.mount("/shop", shop)

    @application.middleware("http")
    async def knowing(request, call_next):
        request.state.caller = "backend"
        request.state.request_id = 5
        return await call_next(request)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://127.0.0.1") as client:
        answer = await client.get("/shop/recommendations/c-1")
    await shop.storage.close()

    assert answer.status_code == 401


async def test_a_list_is_made_again_where_reuse_is_switched_off(database, repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    settings = Settings(database_url=f"sqlite:///{database}", reuse_seconds=0)

    async with client_of(everything(settings)) as client:
        await client.post("/customer/create", json={"customer_id": "c-1"})
        lists = [(await client.get("/recommendations/c-1")).json() for _ in range(2)]

    assert [made["cached"] for made in lists] == [False, False]


def test_every_problem_has_its_heading_in_the_documentation():
    headings = [
        line.removeprefix("## ").strip("`")
        for line in (Path(main.__file__).parent / "docs" / "problems.md").read_text().splitlines()
        if line.startswith("## ")
    ]

    assert headings == list(PROBLEMS)


async def test_the_application_speaks_the_lifespan_protocol(settings):
    received = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return received.pop(0)

    async def send(message):
        sent.append(message["type"])

    await everything(settings)({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_what_runs_in_the_background_begins_with_the_application_and_ends_with_it(settings):
    happened = []

    def noting(name):
        @asynccontextmanager
        async def job(storage):
            happened.append(f"{name} begins")
            yield
            happened.append(f"{name} ends")

        return job

    async with running(create_app(*main.ENDPOINTS, settings=lambda: settings, background=[noting("one"), noting("other")])):
        happened.append("serving")

    assert happened == ["one begins", "other begins", "serving", "other ends", "one ends"]


async def test_requests_at_the_same_moment_open_one_storage(settings):
    storage = Storage(lambda: settings)

    shops = await asyncio.gather(*(storage.shop() for _ in range(5)))
    await storage.close()

    assert len(set(map(id, shops))) == 1


def test_a_strict_body_needs_no_transfer_model():
    assert list(StrictBody.generate_field_definitions(NewCustomer)) == []
    assert not StrictBody.detect_nested_field(FieldDefinition.from_annotation(NewCustomer))
