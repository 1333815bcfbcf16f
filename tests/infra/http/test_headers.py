"""Security headers and CORS."""

import httpx
import pytest

import main
from domain.errors import ConfigurationError
from infra.http.app import create_app
from infra.http.headers import STRICT_SECURITY_HEADERS
from infra.http.openapi import documentation
from infra.keys import hash_of
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
async def test_every_response_has_security_headers(settings, key, method, target):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{hash_of(KEY)}")
    async with client_of(create_app(*ROUTES, settings=lambda: keyed)) as client:
        response = await client.request(method, target, headers=bearer(key))

    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert len(response.headers.get_list("content-security-policy")) == 1
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["server"] == "shop"


async def test_a_response_has_security_headers_even_with_an_invalid_setting():
    def invalid_settings():
        raise ConfigurationError("PORT must be a number.")

    transport = httpx.ASGITransport(create_app(*ROUTES, settings=invalid_settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        response = await client.get("/health")

    assert response.status_code == 503
    assert dict(STRICT_SECURITY_HEADERS).items() <= dict(response.headers.raw).items()


ORIGIN = "https://admin.example"


@pytest.fixture
async def client(settings):
    configured = Settings(
        database_url=settings.database_url, api_keys=f"backend:{hash_of(KEY)}", cors_origins=f"{ORIGIN},http://other"
    )
    async with client_of(create_app(*ROUTES, settings=lambda: configured)) as opened:
        yield opened


async def test_pages_of_a_configured_origin_may_send_requests(client):
    headers = {"origin": ORIGIN, "access-control-request-method": "GET"}

    preflight = await client.options("/recommendations/c-1", headers=headers)
    response = await client.get("/recommendations/c-9", headers=bearer(KEY) | {"origin": ORIGIN})

    assert (preflight.status_code, preflight.content) == (204, b"")
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    for shared in (preflight, response):
        assert shared.headers["access-control-allow-origin"] == ORIGIN
        assert shared.headers["vary"] == "origin"
        assert "access-control-allow-credentials" not in shared.headers
    assert response.status_code == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "https://admin.example.evil", "null", ""])
async def test_pages_of_another_origin_may_not_send_requests(client, origin):
    headers = {"origin": origin, "access-control-request-method": "GET"}

    preflight = await client.options("/recommendations/c-1", headers=headers)
    response = await client.get("/health", headers={"origin": origin})

    assert preflight.status_code == 401
    assert "access-control-allow-origin" not in {*preflight.headers, *response.headers}
    assert response.headers["vary"] == "origin"


async def test_an_options_request_without_preflight_headers_requires_a_key(client):
    response = await client.options("/recommendations/c-1", headers={"origin": ORIGIN})

    assert response.status_code == 401


async def test_debug_cannot_be_switched_on_from_the_environment(settings, monkeypatch):
    for name in ("LITESTAR_DEBUG", "DEBUG"):
        monkeypatch.setenv(name, "1")

    async def fails(*_, **__):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("infra.storage.sql.repository.SqlRepository.summary", fails)
    app = create_app(*ROUTES, settings=lambda: settings)
    async with client_of(app) as client:
        response = await client.get("/health", headers={"accept": "text/html"})

    assert not app.debug
    assert response.json() == {"type": "urn:problem:internal", "title": "Internal server error", "status": 500}
