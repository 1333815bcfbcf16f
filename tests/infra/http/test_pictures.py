"""Pictures beside the endpoints: open, cacheable, for pages of any host, and only in the application of the demo shop."""

import pytest

import main
from infra.http.app import create_app
from infra.http.pictures import pictures
from infra.keys import hash_of
from infra.settings import Settings
from tests.conftest import client_of

POLICY = "default-src 'none'; style-src 'sha256-x'"


@pytest.fixture
async def client(settings):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{hash_of('b' * 43)}")
    route = pictures("/pictures", {"tent": b"<svg/>"}.get, policy=POLICY)
    async with client_of(create_app(route, settings=lambda: keyed)) as opened:
        yield opened


async def test_a_picture_needs_no_key_and_may_be_cached(client):
    response = await client.get("/pictures/tent.svg")

    assert (response.status_code, response.content) == (200, b"<svg/>")
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers.get_list("cache-control") == ["public, max-age=86400"]
    assert response.headers.get_list("content-security-policy") == [POLICY]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("target", ["/pictures/boat.svg", "/pictures/tent", "/pictures/tent.png", "/pictures/", "/pictures"])
async def test_other_names_are_not_found_and_not_cached(client, target):
    response = await client.get(target)

    assert response.status_code == 404
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("application", "status"), [(main.demo_app, 200), (main.local_app, 404)], ids=["demo", "own-shop"])
async def test_only_the_application_of_the_demo_shop_has_its_pictures(application, status, settings, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    async with client_of(application()) as client:
        response = await client.get("/demo/images/tent-moss.svg")
        document = await client.get("/schema/openapi.json")

    assert response.status_code == status
    assert "demo" not in "".join(document.json()["paths"])
