"""Request ids in responses and log lines, and the log line of each request."""

import asyncio
import json
import logging
import re

import httpx
import pytest

import main
from infra.http.app import create_app
from infra.keys import hash_of
from infra.logs import REQUESTS, JsonLines
from infra.settings import Settings
from tests.conftest import client_of

KEY = "b" * 43
REQUEST_ID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


@pytest.fixture
async def client(settings):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{hash_of(KEY)}")
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: keyed)) as opened:
        opened.headers["authorization"] = f"Bearer {KEY}"
        yield opened


def lines(caplog, logger=REQUESTS):
    return [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == logger]


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/health", {}), ("POST", "/customer/create", {}), ("GET", "/nothing", {}), ("PUT", "/health", {}),
        ("GET", "/a%ff", {}), ("GET", "/health", {"host": "a b"}), ("GET", "/recommendations/c-1", {"authorization": "x"}),
        ("GET", "/recommendations/c-9", {}),
    ],
)  # fmt: skip
async def test_every_response_has_a_unique_id(client, method, target, headers):
    responses = [await client.request(method, target, headers=headers) for _ in range(2)]

    ids = [response.headers.get_list("x-request-id") for response in responses]
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for (request_id,) in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("sent", [REQUEST_ID, REQUEST_ID.upper()])
async def test_a_request_id_that_is_a_uuid_is_kept_in_lower_case(client, sent):
    response = await client.get("/health", headers={"x-request-id": sent})

    assert response.headers.get_list("x-request-id") == [REQUEST_ID]


async def test_a_customer_id_is_not_kept_as_request_id(client, caplog):
    customer_id = (await client.post("/customer/create", json={})).json()["customer_id"]

    response = await client.get("/health", headers={"x-request-id": customer_id})

    assert response.headers["x-request-id"] != customer_id
    assert customer_id not in json.dumps(lines(caplog))


@pytest.mark.parametrize(
    "sent",
    [
        "canary",
        "canary@example.com",
        REQUEST_ID.replace("-", ""),
        REQUEST_ID + "0",
        REQUEST_ID[:-1],
        REQUEST_ID.replace("-", "", 1),
        f"{REQUEST_ID}\xe9",
        "",
        "x" * 9000,
    ],
)
async def test_any_other_request_id_is_replaced(client, sent, caplog):
    response = await client.get("/health", headers={"x-request-id": sent.encode("latin-1")})

    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    assert lines(caplog)[-1]["request_id"] == response.headers["x-request-id"]


async def test_a_request_line_has_route_and_status_but_no_customer(client, caplog):
    response = await client.get("/recommendations/c-17?limit=3&category=canary")

    [line] = lines(caplog)
    milliseconds = line.pop("milliseconds")
    assert milliseconds > 0
    assert {name: line[name] for name in ("level", "method", "route", "status", "request_id")} == {
        "level": "INFO", "method": "GET", "route": "/recommendations/{customer_id}", "status": 404,
        "request_id": response.headers["x-request-id"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target", "logged"),
    [
        ("GET", "/canary/c-1", ("GET", None, 404)),
        ("CANARY", "/health", ("other", None, 405)),
        ("GET", "/health/", ("GET", None, 404)),
        ("GET", "/health", ("GET", "/health", 200)),
    ],
)
async def test_a_request_line_repeats_no_text_of_the_client(client, caplog, method, target, logged):
    await client.request(method, target)

    assert [(line["method"], line["route"], line["status"]) for line in lines(caplog)] == [logged]


async def test_a_request_of_a_disconnected_client_is_logged_without_a_status(client, caplog, monkeypatch):
    waiting = asyncio.Event()

    async def waits(*_):
        waiting.set()
        await asyncio.sleep(60)

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", waits)
    request = asyncio.create_task(client.get("/health"))
    await waiting.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request

    assert [(line["route"], line["status"]) for line in lines(caplog)] == [("/health", None)]


async def test_a_server_error_is_logged_with_its_request_id(client, caplog, monkeypatch):
    async def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)
    response = await client.get("/health", headers={"x-request-id": REQUEST_ID})

    [error_line] = lines(caplog, "infra.http.problems")
    assert response.headers["x-request-id"] == error_line["request_id"] == lines(caplog)[0]["request_id"] == REQUEST_ID


async def test_an_error_before_routing_is_a_problem_too(caplog):
    def fails():
        raise ZeroDivisionError

    transport = httpx.ASGITransport(create_app(main.create, settings=fails))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        response = await client.get("/health")

    assert (response.status_code, response.json()["type"]) == (500, "urn:problem:internal")
    assert lines(caplog, "infra.http.problems")[0]["request_id"] == response.headers["x-request-id"]


async def test_request_lines_can_be_disabled(client, caplog):
    with caplog.at_level(logging.WARNING, REQUESTS):
        await client.get("/health")

    assert lines(caplog) == []
