"""What a token of a browser may do, and nothing else: for all endpoints in one application and for each alone."""

import logging
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import pytest

import main
from domain.records.browser_tokens import TokenRequest
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from infra.http import auth
from infra.http.app import create_app
from infra.http.openapi import documentation
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.browser_tokens import issue_token
from tests.conftest import NOW, client_of
from tests.infra.http.conftest import path_matcher
from tests.infra.http.examples import BROWSE, ISSUE, KEYS, SEEN, assert_problem

API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
FOR_PAGE = "/recommendations/for-page"
ORIGIN = "https://shop.example"
ROUTES = (*main.ENDPOINTS, *documentation(*main.ENDPOINTS), main.recommend_js)
BROWSER_TARGETS = {
    "/recommendations/{customer_id:str}": "/recommendations/c-1",
    "/products/similar/{product_id:str}": "/products/similar/p-1",
    "/products/bought-together": "/products/bought-together?product_id=p-1",
    "/products/popular": "/products/popular", "/products/trending": "/products/trending", "/products/new": "/products/new",
    FOR_PAGE: FOR_PAGE,
    BROWSE: BROWSE,
    SEEN: SEEN,
}  # fmt: skip
"""What a token of c-1 may ask for, by the path of the endpoint."""

VIEW = {"customer_id": "c-1", "product_id": "p-2"}
A_PAGE = {"customer_id": "c-1", "lists": [{"name": "home", "kind": "for-customer"}, {"name": "new", "kind": "new"}]}
BODIES = {
    BROWSE: VIEW, FOR_PAGE: A_PAGE, SEEN: {"impressions": [{"recommendation_id": "x", "product_ids": ["p-1"]}]},
}  # fmt: skip


class Shop:
    """A shop with the customers c-1, who bought p-3, and c-2; its clock can be set."""

    def __init__(self, database_url):
        self.now = NOW
        self.settings = Settings(
            database_url=database_url, api_keys=API_KEYS, cors_origins=ORIGIN, address_limit_per_second=0,
            browser_limit_per_second=0,
        )  # fmt: skip
        self.groups = []
        self.clients = AsyncExitStack()
        self._running = {}

    async def fill(self):
        async with self.repository() as repository:
            await repository.put_products([ProductChange(product_id=f"p-{n}", category="a") for n in range(40)], now=NOW)
            for name in ("c-1", "c-2", "größe/7"):
                await repository.create_customer(NewCustomer(customer_id=name, segment="Premium"), now=NOW)
            order = Purchase(customer_id="c-1", items=(OrderItem(product_id="p-3"),))
            await repository.record([order], now=NOW)

    def repository(self):
        return open_repository(self.settings)

    async def send(self, method, target, *, credential, headers=(), **body):
        client = await self.client_for(target.partition("?")[0])
        return await client.request(
            method, target, headers={"authorization": f"Bearer {credential}", **dict(headers)}, **body
        )

    async def client_for(self, path):
        """Return the client of the application that has a path; it starts with its first request."""
        group = next(group for group in self.groups if path_matcher(group)(path))
        if group not in self._running:
            app = create_app(*group, settings=lambda: self.settings, clock=lambda: self.now)
            self._running[group] = await self.clients.enter_async_context(client_of(app))
        return self._running[group]

    async def issue(self, customer_id="c-1", **options):
        answer = await self.send("POST", ISSUE, credential=KEYS["backend"], json={"customer_id": customer_id, **options})
        assert answer.status_code == 200, answer.text
        return answer.json()["token"]

    async def exported(self, customer_id):
        answer = await self.send("GET", f"/customer/export/{customer_id}", credential=KEYS["backend"])
        return answer.json()["browsing"]


@pytest.fixture(params=["together", "alone"])
async def shop(request, database):
    shop = Shop(f"sqlite:///{database}")
    await shop.fill()
    shop.groups = [ROUTES] if request.param == "together" else [(route,) for route in ROUTES]
    async with shop.clients:
        yield shop


def request_to(path):
    """Return the target and the body of a request to an endpoint that concerns c-1."""
    return BROWSER_TARGETS.get(path) or re.sub(r"{[^}]*}", "c-1", re.sub(r"{product_id[^}]*}", "p-1", path))


async def test_a_token_may_use_lists_and_browsing_events_and_nothing_else(shop):
    token = await shop.issue()
    statuses = {}
    for handler in ROUTES:
        (method,), (path,) = handler.http_methods, handler.paths
        body = {"json": BODIES.get(path, VIEW)} if method == "POST" else {}
        answer = await shop.send(method, request_to(path), credential=token, **body)
        statuses[handler.opt["access"], path] = answer.status_code

    assert {status for (access, _), status in statuses.items() if access in {"open", "optional"}} == {200}
    assert {status for (access, _), status in statuses.items() if access in {"backend", "storefront"}} == {403}
    assert {path: status for (access, path), status in statuses.items() if access == "browser"} == {
        path: 201 if path == BROWSE else 200 for path in BROWSER_TARGETS
    }


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/recommendations/c-2", None),
        ("GET", "/recommendations/nobody?guest=true", None),
        ("GET", "/recommendations/C-1", None),
        ("GET", "/products/similar/p-1?customer_id=c-2", None),
        ("GET", "/products/similar/p-1?customer_id=c-1&customer_id=c-2", None),
        ("GET", "/products/bought-together?product_id=p-1&customer_id=nobody", None),
        ("POST", BROWSE, VIEW | {"customer_id": "c-2"}),
        ("POST", FOR_PAGE, A_PAGE | {"customer_id": "c-2"}),
        ("POST", FOR_PAGE, A_PAGE | {"customer_id": "nobody", "guest": True}),
        ("POST", BROWSE, VIEW | {"customer_id": "nobody", "guest": True}),
    ],
)
async def test_a_token_is_for_one_customer(shop, method, target, body):
    answer = await shop.send(method, target, credential=await shop.issue(), **({"json": body} if body else {}))

    assert_problem(answer, "forbidden")
    assert answer.json()["detail"] == "The token is for another customer."
    assert await shop.exported("c-2") == []


@pytest.mark.parametrize("target", ["/products/similar/p-1?customer_id=c-1", "/recommendations/c-1"])
async def test_a_token_may_name_its_customer(shop, target):
    assert (await shop.send("GET", target, credential=await shop.issue())).status_code == 200


async def test_ids_in_paths_are_compared_decoded(shop):
    token = await shop.issue("größe/7")

    answers = [
        await shop.send("GET", f"/recommendations/{name}", credential=token) for name in ("gr%C3%B6%C3%9Fe%2F7", "c-1")
    ]

    assert [answer.status_code for answer in answers] == [200, 403]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"product_id": "p-1"}, "#/customer_id"), ({"customer_id": True, "product_id": "p-1"}, "#/customer_id"), ([1], None)],
)
async def test_a_body_that_names_nobody_is_invalid(shop, body, pointer):
    answer = await shop.send("POST", BROWSE, credential=await shop.issue(), json=body)

    assert_problem(answer, "validation")
    assert pointer is None or answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "query", ["limit=21", "category=a", "seen=exclude", "&".join(f"exclude=p-{n}" for n in range(11)), "max_price=3"]
)
async def test_a_token_has_the_bounds_of_a_storefront_key(shop, query):
    token = await shop.issue()

    answers = [
        await shop.send("GET", f"/recommendations/c-1?{query}", credential=one) for one in (token, KEYS["storefront"])
    ]

    assert_problem(answers[0], "forbidden")
    assert answers[0].content == answers[1].content


async def test_answers_are_those_of_a_storefront_key(shop):
    token = await shop.issue()
    targets = [
        "/recommendations/c-1?limit=20",
        "/products/similar/p-1?limit=100",
        "/products/bought-together?product_id=p-1",
    ]
    for target in targets:
        answers = [(await shop.send("GET", target, credential=one)).json() for one in (token, KEYS["storefront"])]
        for answer in answers:
            for varying in ("recommendation_id", "cached", "generated_at"):
                answer.pop(varying, None)
        assert answers[0] == answers[1]


async def test_the_taste_of_its_customer_decides_near_ties_without_reasons_that_name_the_history(shop):
    token = await shop.issue()
    for target in ("/products/similar/p-1?customer_id=c-1", "/products/bought-together?product_id=p-1&customer_id=c-1"):
        items = (await shop.send("GET", target, credential=token)).json()["items"]
        assert items
        assert not [reason for item in items for reason in item["reasons"] if "category" in reason]


async def test_answers_about_events_have_no_segment_and_no_causes(shop):
    token = await shop.issue()
    listed = await shop.send("POST", BROWSE, credential=token, json=VIEW)
    assert "segment" not in listed.json()
    assert all(reason.keys() == {"source", "share"} for item in listed.json()["items"] for reason in item["reasons"])


@pytest.mark.parametrize("kind", ["buy-again", "recently-viewed"])
async def test_a_page_has_no_list_that_a_storefront_key_may_not_have(shop, kind):
    page = A_PAGE | {"lists": [{"name": "again", "kind": kind}]}

    assert_problem(await shop.send("POST", FOR_PAGE, credential=await shop.issue(), json=page), "forbidden")


async def test_a_guest_gets_a_page_before_the_first_event(shop):
    token = await shop.issue("g-1", guest=True)

    answer = await shop.send("POST", FOR_PAGE, credential=token, json=A_PAGE | {"customer_id": "g-1"})

    assert (answer.status_code, [len(one["items"]) for one in answer.json()["lists"]]) == (200, [10, 10])


@pytest.mark.parametrize("event_type", ["view", "cart", "wishlist", "remove_from_cart", "remove_from_wishlist"])
async def test_a_token_records_what_its_customer_does(shop, event_type):
    answer = await shop.send("POST", BROWSE, credential=await shop.issue(), json=VIEW | {"event_type": event_type})

    assert answer.status_code == 201
    assert [(event["product_id"], event["event_type"]) for event in await shop.exported("c-1")] == [("p-2", event_type)]


def broken(token):
    head, content, signature = token.split(".")
    return {
        "tampered content": f"{head}.{content[:-1]}{'A' if content[-1] != 'A' else 'B'}.{signature}",
        "tampered signature": f"{head}.{content}.{signature[:-2]}{'AA' if signature[-2:] != 'AA' else 'BB'}",
        "without signature": f"{head}.{content}",
        "only the prefix": "browser.",
        "with a suffix": f"{token}x",
        "twice": f"{token} {token}",
        "huge": f"browser.{'x' * 60_000}",
    }


@pytest.mark.parametrize("kind", list(broken("browser.AAA.BBB")))
async def test_a_broken_token_is_answered_as_a_wrong_key(shop, kind):
    token = await shop.issue()

    answers = [await shop.send("GET", "/recommendations/c-1", credential=one) for one in (broken(token)[kind], "x" * 43)]

    assert_problem(answers[0], "unauthorized")
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert answers[0].content == answers[1].content


async def test_a_token_expires(shop):
    token = await shop.issue(ttl_seconds=60)
    statuses = []
    for seconds in (59, 60, 61):
        shop.now = NOW + timedelta(seconds=seconds)
        statuses.append((await shop.send("GET", "/recommendations/c-1", credential=token)).status_code)

    assert statuses == [200, 401, 401]


async def test_a_token_of_another_shop_is_wrong(shop, tmp_path):
    async with open_repository(Settings(database_url=f"sqlite:///{tmp_path}/other.db")) as other:
        await other.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        token = (await issue_token(other, TokenRequest(customer_id="c-1"), now=NOW)).token

    assert_problem(await shop.send("GET", "/recommendations/c-1", credential=token), "unauthorized")


@pytest.mark.parametrize("headers", [{"authorization": "Basic {}"}, {"authorization": "{}"}, {"x-api-key": "{}"}])
async def test_a_token_is_sent_as_a_bearer_only(shop, headers):
    token = await shop.issue()
    client = await shop.client_for("/recommendations/c-1")

    answer = await client.get("/recommendations/c-1", headers={name: value.format(token) for name, value in headers.items()})

    assert_problem(answer, "unauthorized")


async def test_a_token_in_the_query_is_an_unknown_parameter(shop):
    answer = await shop.send("GET", f"/recommendations/c-1?token={await shop.issue()}", credential=KEYS["backend"])

    assert_problem(answer, "validation")


async def test_a_guest_reads_lists_is_registered_by_the_first_event_and_ends_with_the_merge(shop):
    token = await shop.issue("g-1", guest=True)
    read = await shop.send("GET", "/recommendations/g-1", credential=token)
    unknown = await shop.send("GET", "/customer/get-profile/g-1", credential=KEYS["backend"])
    event = await shop.send("POST", BROWSE, credential=token, json=VIEW | {"customer_id": "g-1"})
    registered = await shop.send("GET", "/customer/get-profile/g-1", credential=KEYS["backend"])
    async with shop.repository() as repository:
        await repository.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-2"), now=NOW)
    after = [
        await shop.send("GET", "/recommendations/g-1", credential=token),
        await shop.send("GET", "/products/similar/p-1", credential=token),
        await shop.send("POST", BROWSE, credential=token, json=VIEW | {"customer_id": "g-1"}),
    ]

    assert (read.status_code, unknown.status_code, event.status_code) == (200, 404, 201)
    assert registered.json()["customer"]["is_guest"] is True
    for answer in after:
        assert_problem(answer, "unauthorized")
    assert len(await shop.exported("c-2")) == 1


async def test_the_token_of_a_customer_registers_nobody(shop):
    token = await shop.issue("c-2")
    async with shop.repository() as repository:
        await repository.erase("c-2")

    answers = [
        await shop.send("GET", "/recommendations/c-2?guest=true", credential=token),
        await shop.send("POST", BROWSE, credential=token, json=VIEW | {"customer_id": "c-2", "guest": True}),
    ]

    for answer in answers:
        assert_problem(answer, "unauthorized")
    assert_problem(await shop.send("GET", "/products/popular", credential=token), "unauthorized")


async def test_the_token_of_a_customer_does_not_outlive_a_merge_into_another(shop):
    """An import may say that a customer is a guest, who can then be merged: the old token must not see the other person."""
    token = await shop.issue("c-2")
    async with shop.repository() as repository:
        await repository.put_customers([CustomerChange(customer_id="c-2", is_guest=True)], now=NOW)
        await repository.merge_guest(GuestMerge(guest_id="c-2", customer_id="c-1"), now=NOW)

    assert_problem(await shop.send("GET", "/recommendations/c-2", credential=token), "unauthorized")


async def test_ids_of_events_are_apart_from_those_of_other_customers_and_of_servers(shop):
    event = VIEW | {"event_id": "e-1"}
    tokens = {name: await shop.issue(name) for name in ("c-1", "c-2")}
    answers = [
        await shop.send("POST", BROWSE, credential=tokens["c-1"], json=event),
        await shop.send("POST", BROWSE, credential=tokens["c-1"], json=event),
        await shop.send("POST", BROWSE, credential=tokens["c-2"], json=event | {"customer_id": "c-2"}),
        await shop.send("POST", BROWSE, credential=KEYS["storefront"], json=event | {"product_id": "p-4"}),
        await shop.send("POST", BROWSE, credential=KEYS["backend"], json=event | {"product_id": "p-5"}),
    ]
    refused = await shop.send("POST", BROWSE, credential=tokens["c-1"], json=event | {"product_id": "p-6"})

    assert [answer.status_code for answer in answers] == [201] * 5
    assert_problem(refused, "event-id-reused")
    assert "'e-1'" in refused.json()["detail"]
    assert sorted((one["event_id"], one["product_id"]) for one in await shop.exported("c-1")) == [
        ("e-1", "p-2"), ("e-1", "p-4"), ("e-1", "p-5"),
    ]  # fmt: skip


async def test_pages_of_the_shop_may_send_tokens(shop):
    token = await shop.issue()
    for path, target in BROWSER_TARGETS.items():
        asked = {
            "origin": ORIGIN, "access-control-request-method": "POST" if path in BODIES else "GET",
            "access-control-request-headers": "authorization,content-type",
        }  # fmt: skip
        preflight = await shop.send("OPTIONS", target, credential="", headers=asked)
        method, body = ("POST", {"json": BODIES[path]}) if path in BODIES else ("GET", {})
        answer = await shop.send(method, target, credential=token, headers={"origin": ORIGIN}, **body)
        refused = await shop.send(method, target, credential="browser.x", headers={"origin": ORIGIN}, **body)

        assert (preflight.status_code, answer.status_code // 100, refused.status_code) == (204, 2, 401)
        assert {"authorization", "content-type"} <= set(preflight.headers["access-control-allow-headers"].split(", "))
        assert asked["access-control-request-method"] in preflight.headers["access-control-allow-methods"].split(", ")
        for one in (preflight, answer, refused):
            assert one.headers["access-control-allow-origin"] == ORIGIN


async def test_no_token_is_logged(shop, caplog):
    token = await shop.issue()
    for credential in (token, broken(token)["tampered signature"]):
        await shop.send("GET", "/recommendations/c-1", credential=credential)
    shop.now = NOW + timedelta(days=2)
    await shop.send("GET", "/recommendations/c-1", credential=token)
    logged = caplog.text
    logging.getLogger("planted").warning(token)

    assert logged
    for part in token.split(".")[1:]:
        assert part[:20] not in logged
        assert part[:20] in caplog.text


async def test_one_browser_cannot_use_up_what_others_may_send(database, monkeypatch):
    monkeypatch.setattr(auth, "RateLimit", partial(auth.RateLimit, clock=lambda: 100.0))
    shop = Shop(f"sqlite:///{database}")
    await shop.fill()
    shop.settings = Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS)
    shop.groups = [main.ENDPOINTS]
    async with shop.clients:
        first, again, other = await shop.issue("c-1"), await shop.issue("c-1", ttl_seconds=900), await shop.issue("c-2")
        statuses = [
            (await shop.send("GET", "/recommendations/c-1", credential=one)).status_code
            for one in [first] * 15 + [again] * 10
        ]
        limited = await shop.send("GET", "/recommendations/c-1", credential=first)
        others = [
            await shop.send("GET", "/recommendations/c-2", credential=other),
            await shop.send("GET", "/recommendations/c-1", credential=KEYS["backend"]),
        ]

    assert statuses == [200] * 20 + [429] * 5
    assert_problem(limited, "rate-limited")
    assert [answer.status_code for answer in others] == [200, 200]


async def test_a_token_is_checked_also_without_keys(database):
    settings = Settings(database_url=f"sqlite:///{database}")
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings)) as client:
        await client.post("/customer/create", json={"customer_id": "c-1"})
        token = (await client.post(ISSUE, json={"customer_id": "c-1"})).json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        answers = [
            await client.get("/recommendations/c-1", headers=headers),
            await client.get("/customer/get-profile/c-1", headers=headers),
            await client.get("/recommendations/c-1", headers={"authorization": "Bearer browser.x"}),
            await client.get("/recommendations/c-1", headers=headers | {"host": "rebound.example"}),
        ]

    assert [answer.status_code for answer in answers] == [200, 403, 401, 421]


@pytest.mark.parametrize(
    ("body", "slug", "said"),
    [
        ({"customer_id": "nobody"}, "customer-not-found", "nobody"),
        ({"customer_id": "c-1", "guest": True}, "token-refused", "no guest"),
        ({}, "validation", "#/customer_id"),
        ({"customer_id": "c-1", "ttl_seconds": 59}, "validation", "#/ttl_seconds"),
        ({"customer_id": "c-1", "ttl_seconds": 86_401}, "validation", "#/ttl_seconds"),
        ({"customer_id": "c-1", "ttl_seconds": "900"}, "validation", "#/ttl_seconds"),
        ({"customer_id": "c-1", "ttl_seconds": True}, "validation", "#/ttl_seconds"),
        ({"customer_id": "process-browsing", "guest": True}, "validation", "#/customer_id"),
        ({"customer_id": "c-1", "scope": "backend"}, "validation", "#/scope"),
        ({"customer_id": "c-1 ", "ttl_seconds": 5, "guest": 1}, "validation", "#/guest"),
    ],
)
async def test_wrong_requests_for_a_token_are_refused(shop, body, slug, said):
    answer = await shop.send("POST", ISSUE, credential=KEYS["backend"], json=body)

    assert_problem(answer, slug)
    assert said in answer.text


async def test_only_a_backend_key_issues_tokens(shop):
    for credential in (KEYS["storefront"], await shop.issue()):
        assert_problem(await shop.send("POST", ISSUE, credential=credential, json={"customer_id": "c-1"}), "forbidden")
