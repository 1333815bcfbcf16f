"""Every request has an id, which its answer and its log lines carry, and one line that says how it went."""

import asyncio
import json
import logging
import re

import httpx
import pytest

import main
from infra.http.app import create_app
from infra.http.auth import hash_of
from infra.logs import REQUESTS, JsonLines
from infra.settings import Settings
from tests.conftest import client_of

KEY = "b" * 43
OWN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"


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
async def test_every_answer_has_an_id_of_its_own(client, method, target, headers):
    answers = [await client.request(method, target, headers=headers) for _ in range(2)]

    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert all(re.fullmatch("[0-9a-f]{32}", one) for (one,) in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("sent", [OWN, OWN.upper()])
async def test_an_id_that_is_a_uuid_is_taken_over_in_lower_case(client, sent):
    answer = await client.get("/health", headers={"x-request-id": sent})

    assert answer.headers.get_list("x-request-id") == [OWN]


async def test_the_id_of_a_customer_is_not_taken_over(client, caplog):
    made = (await client.post("/customer/create", json={})).json()["customer_id"]

    answer = await client.get("/health", headers={"x-request-id": made})

    assert answer.headers["x-request-id"] != made
    assert made not in json.dumps(lines(caplog))


@pytest.mark.parametrize(
    "sent",
    [
        "canary",
        "canary@example.com",
        OWN.replace("-", ""),
        OWN + "0",
        OWN[:-1],
        OWN.replace("-", "", 1),
        f"{OWN}\xe9",
        "",
        "x" * 9000,
    ],
)
async def test_any_other_is_replaced(client, sent, caplog):
    answer = await client.get("/health", headers={"x-request-id": sent.encode("latin-1")})

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert lines(caplog)[-1]["request_id"] == answer.headers["x-request-id"]


async def test_a_line_says_what_was_asked_and_how_it_went_but_not_of_whom(client, caplog):
    answer = await client.get("/recommendations/c-17?limit=3&category=canary")

    [line] = lines(caplog)
    milliseconds = line.pop("milliseconds")
    assert milliseconds > 0
    assert {name: line[name] for name in ("level", "method", "route", "status", "request_id")} == {
        "level": "INFO", "method": "GET", "route": "/recommendations/{customer_id}", "status": 404,
        "request_id": answer.headers["x-request-id"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target", "said"),
    [
        ("GET", "/canary/c-1", ("GET", None, 404)),
        ("CANARY", "/health", ("another", None, 405)),
        ("GET", "/health/", ("GET", None, 404)),
        ("GET", "/health", ("GET", "/health", 200)),
    ],
)
async def test_a_line_repeats_nothing_that_a_client_chose(client, caplog, method, target, said):
    await client.request(method, target)

    assert [(line["method"], line["route"], line["status"]) for line in lines(caplog)] == [said]


async def test_a_client_that_goes_away_leaves_a_line_without_a_status(client, caplog, monkeypatch):
    waiting = asyncio.Event()

    async def waits(*_):
        waiting.set()
        await asyncio.sleep(60)

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", waits)
    asking = asyncio.create_task(client.get("/health"))
    await waiting.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert [(line["route"], line["status"]) for line in lines(caplog)] == [("/health", None)]


async def test_a_fault_is_logged_with_the_id_of_its_request(client, caplog, monkeypatch):
    async def fails(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)
    answer = await client.get("/health", headers={"x-request-id": OWN})

    [fault] = lines(caplog, "infra.http.problems")
    assert (answer.headers["x-request-id"], fault["request_id"], lines(caplog)[0]["request_id"]) == (OWN, OWN, OWN)


async def test_a_fault_before_the_routing_is_a_problem_as_well(caplog):
    def fails():
        raise ZeroDivisionError

    transport = httpx.ASGITransport(create_app(main.create, settings=fails))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/health")

    assert (answer.status_code, answer.json()["type"]) == (500, "urn:problem:internal")
    assert lines(caplog, "infra.http.problems")[0]["request_id"] == answer.headers["x-request-id"]


async def test_no_line_is_made_where_none_is_wanted(client, caplog):
    with caplog.at_level(logging.WARNING, REQUESTS):
        await client.get("/health")

    assert lines(caplog) == []
