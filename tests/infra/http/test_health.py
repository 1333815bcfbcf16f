"""The checks of the local app: what a stranger learns, and what a load balancer is told about each fault of the storage."""

import asyncio
import logging
import shutil
import sqlite3
from contextlib import closing

import pytest

import main
from infra.http.app import create_app
from infra.http.openapi import documentation
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sql import repository, write_monitor
from tests.conftest import client_of, running
from tests.fuzz.requests import FuzzedRequest
from tests.fuzz.shop import send_request

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())


def full_app(database, **settings):
    settings = Settings(database_url=f"sqlite:///{database}", **settings)
    return create_app(*main.ENDPOINTS, *documentation(*main.ENDPOINTS), settings=lambda: settings)


@pytest.fixture
async def client(database):
    async with client_of(full_app(database)) as opened:
        yield opened


@pytest.fixture
async def keyed(database):
    async with client_of(full_app(database, api_keys=API_KEYS)) as opened:
        yield opened


@pytest.mark.parametrize("headers", [{}, {"authorization": f"Bearer {KEYS['storefront']}"}], ids=["no-key", "storefront"])
async def test_a_stranger_learns_only_that_the_service_works(keyed, headers):
    response = await keyed.get("/health", headers=headers)

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_backend_key_gets_the_details(keyed):
    health = (await keyed.get("/health", headers={"authorization": f"Bearer {KEYS['backend']}"})).json()

    assert (health["status"], health["writes"], health["products"], health["events"]) == ("ok", True, 0, 0)
    assert health["model"]["model_id"] == "untrained"


def probe(host):
    return FuzzedRequest(method="GET", target=b"/health", headers=[(b"host", host)], parts=[b""], ends=True)


async def test_without_keys_a_page_of_another_host_gets_no_details(database):
    app = full_app(database)
    async with running(app):
        bodies = [(await send_request(app, probe(host))).body for host in (b"rebound.example", b"127.0.0.1:8000")]

    assert bodies[0] == b'{"status":"ok"}'
    assert b"products" in bodies[1]


async def test_a_new_shop_is_live_and_ready_without_counting_rows(client, monkeypatch):
    async def fails(*_, **__):
        raise AssertionError

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)

    assert (await client.get("/live")).json() == {"status": "ok"}
    assert (await client.get("/ready")).json() == {"status": "ok", "writes": True}


async def test_a_probe_costs_at_most_one_write_a_second(client, caplog, monkeypatch):
    monkeypatch.setattr(write_monitor, "INTERVAL_SECONDS", 60.0)
    app_repository = (await client._transport.app.storage.shop()).repository  # noqa: SLF001
    writes = []
    write = app_repository.engine.write

    async def counted(*arguments):
        writes.append(arguments)
        return await write(*arguments)

    monkeypatch.setattr(app_repository.engine, "write", counted)

    answers = [(await client.get("/ready")).json() for _ in range(5)]

    assert {answer["writes"] for answer in answers} == {True}
    assert len(writes) == 1


def remove(database):
    database.unlink()


def replace(database):
    copy = database.with_name("copy.db")
    shutil.copyfile(database, copy)
    copy.rename(database)


def corrupt(database):
    with database.open("r+b") as file:
        file.write(b"x" * 100)


@pytest.mark.parametrize("damage", [remove, replace, corrupt])
async def test_a_shop_that_cannot_be_read_is_live_but_not_ready(client, database, damage, caplog, monkeypatch):
    monkeypatch.setattr(repository, "CHECK_SECONDS", 0.0)
    assert (await client.get("/ready")).status_code == 200
    with closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    damage(database)
    with caplog.at_level(logging.ERROR):
        responses = {path: await client.get(path) for path in ("/live", "/ready", "/health")}

    assert [response.status_code for response in responses.values()] == [200, 503, 503]
    assert responses["/ready"].json()["type"] == "urn:problem:store-unavailable"
    errors = [record for record in caplog.records if record.levelname != "INFO"]
    # Each request that fails, and once that the file is gone.
    assert [record.levelname for record in errors] == ["ERROR"] * (2 if damage is corrupt else 3)


async def test_probes_share_a_successful_check(client, monkeypatch):
    monkeypatch.setattr(repository, "CHECK_SECONDS", 60.0)
    await client.get("/ready")
    shop = await client._transport.app.storage.shop()  # noqa: SLF001

    monkeypatch.setattr(shop.repository, "engine", None)

    assert (await client.get("/health")).status_code == 500
    assert (await client.get("/ready")).status_code == 200


async def test_closing_waits_for_a_write_that_is_tried(database):
    async with client_of(full_app(database)) as client:
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert (await client.get("/ready")).json()["writes"]
            other.execute("ROLLBACK")


async def test_a_database_that_accepts_no_writes_is_ready_without_writes(client, database, caplog, monkeypatch):
    monkeypatch.setattr(write_monitor, "INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr("infra.storage.sqlite.connections.BUSY_SECONDS", 0.1)
    answers = []
    with caplog.at_level(logging.WARNING, logger="infra.storage.sql.write_monitor"):
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                answers.append(await client.get("/ready"))
                await asyncio.sleep(0.2)
            other.execute("ROLLBACK")
        after = await client.get("/ready")

    assert {answer.status_code for answer in answers} == {200}
    assert answers[-1].json() == {"status": "ok", "writes": False}
    assert after.json()["writes"]
    lines = [(record.levelname, record.members["metrics"]) for record in caplog.records]
    assert lines == [("ERROR", {"writes_accepted": 0}), ("WARNING", {"writes_accepted": 1})]


async def test_a_probe_does_not_wait_for_the_lock(client, database):
    loop = asyncio.get_running_loop()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = loop.time()
        answer = await client.get("/ready")
        seconds = loop.time() - started
        other.execute("ROLLBACK")

    assert answer.status_code == 200
    assert seconds < 2


@pytest.mark.parametrize(("docs", "status"), [(1, 200), (0, 404)])
async def test_the_documentation_can_be_turned_off(database, docs, status):
    async with client_of(full_app(database, docs=docs)) as client:
        responses = [await client.get(path) for path in ("/schema", "/schema/openapi.json", "/schema/start.js")]

    assert {response.status_code for response in responses} == {status}
