"""The script for pages of a shop: small, open, cacheable, and without anything that makes markup of values."""

import re
from pathlib import Path

import pytest

import infra.http.browser
import main
from infra.http.app import create_app
from infra.http.browser.script import SCRIPT
from infra.keys import hash_of
from infra.settings import Settings
from tests.conftest import client_of

SOURCE = Path(infra.http.browser.__file__).with_name("recommend.js").read_text()
SERVED = SCRIPT.decode()


@pytest.fixture(params=["together", "alone"])
async def client(request, settings):
    keyed = Settings(database_url=settings.database_url, api_keys=f"backend:{hash_of('b' * 43)}")
    routes = [*main.ENDPOINTS, main.recommend_js] if request.param == "together" else [main.recommend_js]
    async with client_of(create_app(*routes, settings=lambda: keyed)) as opened:
        yield opened


def test_the_script_has_at_most_4_kb():
    assert len(SCRIPT) <= 4096


def test_the_script_is_served_without_comments_and_indentation():
    assert "//" not in SERVED
    assert "\n " not in SERVED
    assert "".join(SERVED.split()) in "".join(re.sub(r"(?m)^ *//.*", "", SOURCE).split())


@pytest.mark.parametrize(
    "dangerous", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("]
)
def test_no_value_becomes_markup_or_code(dangerous):
    assert dangerous not in SOURCE


async def test_the_script_needs_no_key_and_may_be_cached(client):
    response = await client.get("/recommend.js")

    assert (response.status_code, response.text) == (200, SERVED)
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers.get_list("cache-control") == ["public, max-age=3600"]
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_browser_that_has_the_script_gets_only_its_tag(client, form):
    tag = (await client.get("/recommend.js")).headers["etag"]

    response = await client.get("/recommend.js", headers={"if-none-match": form.format(tag)})

    assert (response.status_code, response.content) == (304, b"")
    assert (response.headers["etag"], response.headers["cache-control"]) == (tag, "public, max-age=3600")


@pytest.mark.parametrize("tag", ['"other"', "", "\xff", 'W/"'])
async def test_another_tag_gets_the_script(client, tag):
    response = await client.get("/recommend.js", headers={"if-none-match": tag.encode("latin-1")})

    assert (response.status_code, response.text) == (200, SERVED)


async def test_the_script_is_only_read(client):
    response = await client.post("/recommend.js")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, OPTIONS")
