"""What every answer carries for browsers, and what none says."""

import httpx
import pytest

import main
from domain.errors import ConfigurationError
from infra.http import headers
from infra.http.app import create_app
from infra.http.auth import hash_of
from infra.http.openapi import documentation
from infra.settings import Settings
from tests.conftest import client_of

KEY = "b" * 43
ROUTES = [*main.ENDPOINTS, *documentation(*main.ENDPOINTS)]


def bearer(key):
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize("key", [KEY, "wrong"])
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/health"), ("GET", "/schema"), ("GET", "/schema/openapi.json"), ("GET", "/recommendations/c-1"),
        ("POST", "/customer/create"), ("DELETE", "/customer/erase/c-1"), ("GET", "/nothing"), ("GET", "/a%ff"),
        ("PUT", "/health"), ("OPTIONS", "/health"),
    ],
)  # fmt: skip
async def test_answers_are_protected_whatever_they_are(settings, key, method, target):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{hash_of(KEY)}")
    async with client_of(create_app(*ROUTES, settings=lambda: keyed)) as client:
        answer = await client.request(method, target, headers=bearer(key))

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["server"] == "shop"


async def test_an_answer_is_protected_even_where_a_setting_is_wrong():
    def wrong():
        raise ConfigurationError("PORT must be a number.")

    transport = httpx.ASGITransport(create_app(*ROUTES, settings=wrong))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/health")

    assert answer.status_code == 503
    assert dict(headers.STRICT).items() <= {name.encode(): value.encode() for name, value in answer.headers.items()}.items()


ORIGIN = "https://admin.example"


@pytest.fixture
async def shared(settings):
    configured = Settings(
        database_url=settings.database_url, api_keys=f"backend:{hash_of(KEY)}", cors_origins=f"{ORIGIN},http://other"
    )
    async with client_of(create_app(*ROUTES, settings=lambda: configured)) as client:
        yield client


async def test_pages_of_a_configured_origin_may_ask(shared):
    asking = {"origin": ORIGIN, "access-control-request-method": "GET"}

    preflight = await shared.options("/recommendations/c-1", headers=asking)
    answer = await shared.get("/recommendations/c-9", headers=bearer(KEY) | {"origin": ORIGIN})

    assert (preflight.status_code, preflight.content) == (204, b"")
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    for one in (preflight, answer):
        assert one.headers["access-control-allow-origin"] == ORIGIN
        assert one.headers["vary"] == "origin"
        assert "access-control-allow-credentials" not in one.headers
    assert answer.status_code == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "https://admin.example.evil", "null", ""])
async def test_pages_of_another_origin_may_not(shared, origin):
    asking = {"origin": origin, "access-control-request-method": "GET"}

    preflight = await shared.options("/recommendations/c-1", headers=asking)
    answer = await shared.get("/health", headers={"origin": origin})

    assert preflight.status_code == 401
    assert "access-control-allow-origin" not in {*preflight.headers, *answer.headers}
    assert answer.headers["vary"] == "origin"


async def test_options_that_no_browser_asks_are_like_any_request(shared):
    answer = await shared.options("/recommendations/c-1", headers={"origin": ORIGIN})

    assert answer.status_code == 401


async def test_debug_cannot_be_switched_on_from_the_environment(settings, monkeypatch):
    for name in ("LITESTAR_DEBUG", "DEBUG"):
        monkeypatch.setenv(name, "1")

    async def fails(*_, **__):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)
    app = create_app(*ROUTES, settings=lambda: settings)
    async with client_of(app) as client:
        answer = await client.get("/health", headers={"accept": "text/html"})

    assert not app.debug
    assert answer.json() == {"type": "urn:problem:internal", "title": "Something went wrong", "status": 500}
