"""An application that starts while its database is away."""

import asyncio
from contextlib import asynccontextmanager

import pytest

import main
from domain.errors import StoreUnreachable
from infra.http.app import create_app
from infra.settings import Settings
from infra.storage import opening
from tests import postgres
from tests.conftest import client_of


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Return a stopped server of PostgreSQL."""
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.05)
    own = postgres.OwnServer(tmp_path / "postgres")
    own.stop_at_once()
    yield own
    own.stop_at_once()


def app_of(url, *, waits=True, background=()):
    return create_app(*main.ENDPOINTS, settings=lambda: Settings(database_url=url), background=list(background), waits=waits)


async def status_of(client, *, expected):
    for _ in range(400):
        if (status := (await client.get("/ready")).status_code) == expected:
            return status
        await asyncio.sleep(0.02)
    raise AssertionError


async def test_it_opens_the_shop_and_begins_its_jobs_as_soon_as_the_database_answers(server, caplog):
    events = []

    @asynccontextmanager
    async def job(storage):
        events.append("begins")
        yield
        events.append("ends")

    async with client_of(app_of(server.url, background=[job])) as client:
        before = [(await client.get(path)).status_code for path in ("/live", "/ready", "/recommendations/c-1")]
        await asyncio.sleep(0.3)
        assert events == []
        server.start()
        await status_of(client, expected=200)
        assert (await client.post("/customer/create", json={})).status_code == 201

    assert before == [200, 503, 503]
    assert events == ["begins", "ends"]
    assert caplog.text.count("The shop waits for it.") == 1


async def test_it_gives_up_where_waiting_does_not_help(server, caplog):
    async with client_of(app_of(postgres.named(server.url, "missing"))) as client:
        assert (await client.get("/ready")).status_code == 503
        server.start()
        for _ in range(400):
            if "Requests are refused until it can." in caplog.text:
                break
            await asyncio.sleep(0.02)
        response = await client.get("/ready")

    assert (response.status_code, response.json()["type"]) == (503, "urn:problem:store-unavailable")
    assert "missing" not in response.text
    assert "Requests are refused until it can." in caplog.text


async def test_an_application_that_does_not_wait_does_not_start(server):
    with pytest.raises(ExceptionGroup) as caught:
        async with app_of(server.url, waits=False).lifespan():
            pass

    assert caught.group_contains(StoreUnreachable)
    server.start()
