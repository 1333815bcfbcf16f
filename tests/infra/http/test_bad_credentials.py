"""Invalid keys and keys over their rate limit, for all endpoints together and for each alone."""

from functools import partial
from itertools import product

import pytest
from msgspec.structs import replace

import main
from infra.http import auth
from infra.http.app import create_app
from infra.keys import hash_of
from tests.cases import Cases
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
    *((f"no-key-{target}", method, target, [], "unauthorized")
      for method, target in (("GET", LIST), ("POST", CREATE), ("DELETE", ERASE))),
    *((name, "GET", PROFILE, [("authorization", header)], "unauthorized") for name, header in INVALID_HEADERS.items()),
    ("header-twice", "GET", PROFILE, [BACKEND_HEADER, BACKEND_HEADER], "unauthorized"),
    *((f"storefront-{target}", method, target, [STOREFRONT_HEADER], "forbidden") for method, target in BACKEND_ONLY),
]  # fmt: skip
LIMITED = [endpoint for endpoint in main.ENDPOINTS if endpoint not in (main.health, main.live, main.ready)]


async def test_invalid_credentials_are_rejected_before_the_body_is_read(send):
    with Cases() as cases:
        for name, method, target, credentials, slug in CREDENTIALS:
            with cases.case(name):
                before = await stored_state(send)
                response = await send(method, target, credentials=credentials)
                assert_problem(response, slug)
                assert ("www-authenticate" in response.headers) == (slug == "unauthorized")
                assert await stored_state(send) == before


@pytest.mark.parametrize("groups", [[LIMITED], [[endpoint] for endpoint in LIMITED]], ids=["together", "alone"])
async def test_a_key_over_its_rate_limit_gets_429_and_other_keys_do_not(settings, monkeypatch, groups):
    seconds = 100.0
    monkeypatch.setattr(auth, "RateLimit", partial(auth.RateLimit, clock=lambda: seconds))
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    limited = replace(settings, api_keys=api_keys, rate_limit_per_second=2)

    async def request_with(client, endpoint, key):
        (method,), (path,) = endpoint.http_methods, endpoint.paths
        body = {"json": {}} if method == "POST" else {}
        target = path.replace("{customer_id:str}", "c-9")
        return await client.request(method, target, headers={"authorization": f"Bearer {key}"}, **body)

    with Cases() as cases:
        for group in groups:
            async with client_of(create_app(*group, settings=lambda: limited)) as client:
                for endpoint, scope in product(group, KEYS):
                    with cases.case(f"{endpoint.handler_name}-{scope}"):
                        # By then, all keys may send again.
                        seconds += 60
                        responses = [await request_with(client, endpoint, KEYS[scope]) for _ in range(3)]
                        others = [await request_with(client, endpoint, key) for key in KEYS.values() if key != KEYS[scope]]
                        assert [one.status_code == 429 for one in [*responses, *others]] == [False, False, True, False]
                        assert_problem(responses[2], "rate-limited")
                        assert responses[2].headers["retry-after"] == "1"
