"""Invalid keys and keys over their rate limit, for all endpoints together and for each alone."""

from functools import partial

import pytest

import main
from infra.http import auth
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from tests.conftest import client_of
from tests.infra.http.examples import (
    ADDRESS,
    BACKEND_HEADER,
    BUY,
    CREATE,
    ERASE,
    EXPORT,
    KEYS,
    LIST,
    PROFILE,
    UPDATE,
    assert_problem,
    stored_state,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

STOREFRONT_HEADER = ("authorization", f"Bearer {KEYS['storefront']}")
INVALID_HEADERS = {
    "unknown-key": "Bearer " + "x" * 43,
    "empty-key": "Bearer ",
    "scheme-only": "Bearer",
    "empty": "",
    "key-without-scheme": KEYS["backend"],
    "basic-scheme": f"Basic {KEYS['backend']}",
    "key-with-suffix": f"Bearer {KEYS['backend']}x",
    "two-keys": f"Bearer {KEYS['backend']} {KEYS['backend']}",
    "60000-characters": "Bearer " + "x" * 60_000,
}
BACKEND_ONLY = [
    ("POST", CREATE), ("POST", ADDRESS), ("POST", UPDATE), ("POST", BUY), ("GET", PROFILE), ("GET", EXPORT),
    ("DELETE", ERASE), ("GET", PROFILE.replace("c-1", "c-9")),
]  # fmt: skip
CREDENTIALS = [
    *(pytest.param(method, target, [], "unauthorized", id=f"no-key-{target}")
      for method, target in (("GET", LIST), ("POST", CREATE), ("DELETE", ERASE))),
    *(pytest.param("GET", PROFILE, [("authorization", header)], "unauthorized", id=name)
      for name, header in INVALID_HEADERS.items()),
    pytest.param("GET", PROFILE, [BACKEND_HEADER, BACKEND_HEADER], "unauthorized", id="header-twice"),
    *(pytest.param(method, target, [STOREFRONT_HEADER], "forbidden", id=f"storefront-{target}")
      for method, target in BACKEND_ONLY),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target", "credentials", "slug"), CREDENTIALS)
async def test_invalid_credentials_are_rejected_before_the_body_is_read(send, method, target, credentials, slug):
    before = await stored_state(send)

    response = await send(method, target, credentials=credentials)

    assert_problem(response, slug)
    assert ("www-authenticate" in response.headers) == (slug == "unauthorized")
    assert await stored_state(send) == before


@pytest.mark.parametrize("scope", KEYS)
@pytest.mark.parametrize("group", ["together", "alone"])
@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in main.ENDPOINTS if endpoint not in (main.health, main.live, main.ready)],
    ids=lambda endpoint: endpoint.handler_name,
)
async def test_a_key_over_its_rate_limit_gets_429_and_other_keys_do_not(tmp_path, monkeypatch, endpoint, group, scope):
    monkeypatch.setattr(auth, "RateLimit", partial(auth.RateLimit, clock=lambda: 100.0))
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{tmp_path}/shop.db", api_keys=api_keys, rate_limit_per_second=2)
    (method,), (path,) = endpoint.http_methods, endpoint.paths
    body = {"json": {}} if method == "POST" else {}
    app = create_app(*(main.ENDPOINTS if group == "together" else [endpoint]), settings=lambda: settings)
    async with client_of(app) as client:

        async def request_with(key):
            return await client.request(
                method, path.replace("{customer_id:str}", "c-9"), headers={"authorization": f"Bearer {key}"}, **body
            )

        responses = [await request_with(KEYS[scope]) for _ in range(3)]
        others = [await request_with(key) for key in KEYS.values() if key != KEYS[scope]]

    assert [response.status_code == 429 for response in [*responses, *others]] == [False, False, True, False]
    assert_problem(responses[2], "rate-limited")
    assert responses[2].headers["retry-after"] == "1"
