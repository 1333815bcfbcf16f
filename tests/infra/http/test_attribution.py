"""Lists, impressions, clicks and orders over HTTP, and the report of what they led to."""

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.periods import EXPECTED
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests.conftest import NOW, client_of
from tests.infra.http.examples import BROWSE, BUY, ISSUE, KEYS, SEEN, UPDATE, assert_problem

REPORT = "/reports/placements"


class Client:
    """Send requests with a key or a token, by default those of a backend."""

    def __init__(self, client):
        self._client = client

    async def send(self, method, target, body=None, *, credential=KEYS["backend"]):
        headers = {"authorization": f"Bearer {credential}"}
        return await self._client.request(method, target, headers=headers, **({} if body is None else {"json": body}))

    async def post(self, target, body, **options):
        return await self.send("POST", target, body, **options)

    async def get(self, target, **options):
        return await self.send("GET", target, **options)


@pytest.fixture
async def client(database):
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=api_keys, attribution_days=3)
    async with open_repository(settings) as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(9)], now=NOW)
        for name in ("c-1", "c-2"):
            await repository.create_customer(NewCustomer(customer_id=name), now=NOW)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as opened:
        yield Client(opened)


async def places(client, query="?to=2026-11-24"):
    answer = await client.get(REPORT + query)
    assert answer.status_code == 200, answer.text
    return answer.json()["places"]


async def errors_of(client, method, target, body=None):
    answer = await client.send(method, target, body)
    assert_problem(answer, "validation")
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def test_a_list_is_followed_from_its_answer_to_the_order(client):
    listed = (await client.get("/recommendations/c-1?placement=home&limit=4")).json()
    name, products = listed["recommendation_id"], [item["product_id"] for item in listed["items"]]

    seen = await client.post(SEEN, {"impressions": [{"recommendation_id": name, "product_ids": products}]})
    view = {"customer_id": "c-1", "product_id": products[0], "recommendation_id": name, "event_id": "e-1"}
    views = [await client.post(BROWSE, view) for _ in range(2)]
    item = {"product_id": products[1], "quantity": 2, "recommendation_id": name}
    items = [item, {"product_id": products[0]}, {"product_id": "p-8"}]
    await client.post(BUY, {"customer_id": "c-1", "order_id": "o-1", "items": items})

    assert (seen.status_code, seen.json()) == (200, {"recorded": 4, "seen_before": 0, "unknown": 0})
    assert [view.status_code for view in views] == [201, 201]
    [place] = await places(client)
    assert {name: place[name] for name in ("kind", "placement", "arm", "impressions", "lists", "clicks")} == {
        "kind": "for-customer", "placement": "home", "arm": None, "impressions": 4, "lists": 1, "clicks": 1,
    }  # fmt: skip
    assert place["click_rate"]["value"] == 0.25
    assert (place["orders"]["value"], place["revenue"]["value"]) == (1.0, 7.5)
    for estimate in (place["click_rate"], place["orders"], place["revenue"]):
        assert estimate["low"] < estimate["value"] < estimate["high"]


async def test_several_events_at_once_name_lists_too(client):
    page = {"customer_id": "c-1", "lists": [{"name": "new here", "kind": "new"}, {"name": "top", "kind": "popular"}]}
    one, other = [
        shown["recommendation_id"] for shown in (await client.post("/recommendations/for-page", page)).json()["lists"]
    ]

    update = {
        "customer_id": "c-1",
        "browsing": [{"product_id": "p-1", "recommendation_id": one}, {"product_id": "p-2", "recommendation_id": "?"}],
        "purchases": [{"items": [{"product_id": "p-1"}, {"product_id": "p-3", "recommendation_id": other}]}],
    }
    answer = await client.post(UPDATE, update)

    assert answer.json()["accepted"] == {"browsing": 2, "purchases": 1}
    assert [(one["placement"], one["kind"], one["clicks"], one["orders"]["value"]) for one in await places(client)] == [
        ("new here", "new", 1, 1.0), ("top", "popular", 0, 1.0),
    ]  # fmt: skip


async def test_browsers_and_storefronts_record_impressions_and_read_no_report(client):
    token = (await client.post(ISSUE, {"customer_id": "c-1"})).json()["token"]
    for credential in (token, KEYS["storefront"]):
        listed = (await client.get("/products/new", credential=credential)).json()
        body = {"impressions": [{"recommendation_id": listed["recommendation_id"], "product_ids": ["p-1", "nothing"]}]}

        recorded = await client.post(SEEN, body, credential=credential)

        assert recorded.json() == {"recorded": 1, "seen_before": 0, "unknown": 1}
        assert_problem(await client.get(REPORT, credential=credential), "forbidden")


async def test_a_report_says_what_it_is_about(client):
    answer = (await client.get(f"{REPORT}?from=2026-11-01&to=2026-11-15T12:00:00Z")).json()

    assert answer == {
        "begins_at": "2026-11-01T00:00:00Z", "ends_at": "2026-11-15T12:00:00Z", "attribution_days": 3, "currency": "EUR",
        "is_complete": True, "places": [],
    }  # fmt: skip
    usual = (await client.get(REPORT)).json()
    assert (usual["begins_at"], usual["ends_at"]) == ("2026-10-26T10:00:00Z", "2026-11-23T10:00:00Z")


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("?from=yesterday&to=2026-11-31", {"#/query/from": EXPECTED, "#/query/to": EXPECTED}),
        ("?from=", {"#/query/from": "Expected `str` of length >= 1"}),
        ("?from=2026-11-01&from=2026-11-02", {"#/query/from": "Expected at most once"}),
        ("?form=2026-11-01", {"#/query/form": "Unknown parameter; did you mean `from`?"}),
        ("?begin=2026-11-01", {"#/query/begin": "Unknown parameter; expected from, to"}),
        ("?from=2026-11-02&to=2026-11-02", {"#/query/to": "Expected an instant later than `from`"}),
        ("?from=2025-01-01&to=2026-11-02", {"#/query/from": "Expected at most 400 days until `to`"}),
        ("?to=" + "2" * 65, {"#/query/to": "Expected `str` of length <= 64"}),
    ],
)
async def test_a_period_that_is_none_is_refused(client, query, errors):
    assert await errors_of(client, "GET", REPORT + query) == errors


A_LIST = {"recommendation_id": "x", "product_ids": ["p-1"]}
TEXT_LENGTH = {"low": "Expected `str` of length >= 1", "high": "Expected `str` of length <= 1000"}


@pytest.mark.parametrize(
    ("impressions", "errors"),
    [
        ([], {"#/impressions": "Expected `array` of length >= 1"}),
        ([A_LIST | {"product_ids": []}], {"#/impressions/0/product_ids": "Expected `array` of length >= 1"}),
        ([A_LIST, {"product_ids": ["p-1"]}], {"#/impressions/1/recommendation_id": "Required"}),
        ([A_LIST | {"recommendation_id": 1}], {"#/impressions/0/recommendation_id": "Expected `str`, got `int`"}),
        ([A_LIST | {"recommendation_id": ""}], {"#/impressions/0/recommendation_id": TEXT_LENGTH["low"]}),
        ([A_LIST | {"recommendation_id": "x" * 1001}], {"#/impressions/0/recommendation_id": TEXT_LENGTH["high"]}),
        ([A_LIST | {"shown_at": "2026-11-01"}], {"#/impressions/0/shown_at": "Unknown field"}),
    ],
)
async def test_impressions_that_are_none_are_refused(client, impressions, errors):
    assert await errors_of(client, "POST", SEEN, {"impressions": impressions}) == errors


async def test_too_many_impressions_are_refused(client):
    many = {"recommendation_id": "x", "product_ids": [f"p-{n}" for n in range(100)]}
    for impressions in ([A_LIST] * 101, [A_LIST | {"product_ids": ["p-1"] * 101}], [many] * 10 + [A_LIST]):
        assert_problem(await client.post(SEEN, {"impressions": impressions}), "too-many-items")

    largest = await client.post(SEEN, {"impressions": [many] * 10})
    assert largest.json() == {"recorded": 0, "seen_before": 0, "unknown": 1000}


@pytest.mark.parametrize("wrong", [1, "", "x" * 1001, ["x"], {"id": "x"}])
async def test_a_list_that_is_no_text_is_refused_with_the_event(client, wrong):
    view = {"customer_id": "c-1", "product_id": "p-1", "recommendation_id": wrong}
    order = {"customer_id": "c-1", "items": [{"product_id": "p-1", "recommendation_id": wrong}]}
    both = {"customer_id": "c-1", "browsing": [{"product_id": "p-1", "recommendation_id": wrong}], "purchases": [
        {"items": order["items"]}
    ]}  # fmt: skip

    assert set(await errors_of(client, "POST", BROWSE, view)) == {"#/recommendation_id"}
    assert set(await errors_of(client, "POST", BUY, order)) == {"#/items/0/recommendation_id"}
    assert set(await errors_of(client, "POST", UPDATE, both)) == {
        "#/browsing/0/recommendation_id", "#/purchases/0/items/0/recommendation_id",
    }  # fmt: skip


async def test_nobody_has_the_name_of_the_path_as_an_id(client):
    answer = await client.post("/customer/create", {"customer_id": "record-impressions"})

    assert_problem(answer, "validation")
