"""Rules over HTTP: who may use them, what is wrong with a request, and what a storefront key sees of a rule."""

import pytest
import pytest_asyncio

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of

ERP, WEB = "b" * 43, "s" * 43
API_KEYS = f"backend:{hash_of(ERP)}:erp,storefront:{hash_of(WEB)}:web"
PIN = {
    "rule_id": "r/1", "name": "Secret sale", "action": "pin", "position": 1, "target": {"product_ids": ["p-9"]},
    "status": "live",
}  # fmt: skip


@pytest_asyncio.fixture
async def client(database):
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", category="a") for n in range(10)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS)
    app = create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)
    async with client_of(app) as client:
        client.headers["authorization"] = f"Bearer {ERP}"
        yield client


async def save(client, **members):
    return await client.post("/rules/save", json=PIN | members)


async def errors_of(client, path, body):
    answer = await client.post(path, json=body)
    assert answer.status_code == 400, answer.text
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


async def test_a_rule_is_saved_listed_previewed_removed_and_restored(client):
    saved = await save(client)
    assert (saved.status_code, saved.json()["previous"], saved.json()["unknown_products"]) == (200, None, [])
    assert (await client.get("/recommendations/c-1")).json()["items"][0]["product_id"] == "p-9"

    [listed] = (await client.get("/rules/list")).json()["rules"]
    assert listed == PIN | {"where": {}, "saved_at": "2026-11-23T10:00:00Z"}
    preview = (await client.post("/rules/preview", json={"rule_id": "r/1", "customer_ids": ["c-1"], "limit": 2})).json()
    assert (preview["n_changed"], preview["hits"], preview["warnings"]) == (1, None, [])
    assert preview["customers"][0]["after"][0]["reasons"] == [{"source": "rule", "share": 1.0, "rule": "Secret sale"}]

    removed = await client.delete("/rules/remove/r%2F1")
    assert (removed.status_code, removed.json()["previous"]["rule_id"]) == (200, "r/1")
    assert (await client.get("/recommendations/c-1")).json()["items"][0]["product_id"] != "p-9"
    gone = await client.delete("/rules/remove/r%2F1")
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:problem:rule-not-found")
    assert (await client.post("/rules/save", json=removed.json()["previous"])).status_code == 200


async def test_the_server_makes_an_id_if_a_rule_has_none(client):
    without_id = {name: value for name, value in PIN.items() if name != "rule_id"}

    answers = [(await client.post("/rules/save", json=without_id)).json()["rule"]["rule_id"] for _ in range(2)]

    assert len(set(answers)) == 2
    assert {len(one) for one in answers} == {32}


async def test_everything_that_is_wrong_is_named_in_one_answer(client):
    assert await errors_of(client, "/rules/save", PIN | {"position": 101, "target": {"min_price": -1}}) == {
        "#/position": "Expected `int` <= 100",
        "#/target/min_price": "Expected `float` >= 0.0",
    }
    assert await errors_of(client, "/rules/save", PIN | {"action": "boost", "target": {}}) == {
        "#/position": "Only a pin has a `position`",
        "#/strength": "A boost needs a `strength`",
        "#/target": "Expected `product_ids`, a filter or `newer_than_days`",
    }
    assert await errors_of(
        client, "/rules/preview", {"rule": PIN | {"action": "hide"}, "rule_id": "x", "sample": 2, "customer_ids": ["c-1"]}
    ) == {
        "#/rule": "Expected either a `rule` or a `rule_id`",
        "#/rule/position": "Only a pin has a `position`",
        "#/sample": "Expected either `customer_ids` or a `sample`",
    }
    assert await errors_of(client, "/rules/preview", {}) == {"#/rule": "Expected either a `rule` or a `rule_id`"}


async def test_too_many_products_are_refused(client):
    answer = await save(client, target={"product_ids": [f"p-{n}" for n in range(101)]})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:problem:too-many-items")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/rules/save"), ("GET", "/rules/list"), ("DELETE", "/rules/remove/r"), ("POST", "/rules/preview")],
)
async def test_a_storefront_key_may_not_use_rules(client, method, path):
    body = {"json": PIN} if method == "POST" else {}

    answer = await client.request(method, path, headers={"authorization": f"Bearer {WEB}"}, **body)

    assert answer.status_code == 403


async def test_a_storefront_key_sees_that_a_rule_counted_but_not_which_one(client):
    await save(client)
    page = {"customer_id": "c-1", "lists": [{"name": kind, "kind": kind} for kind in ("for-customer", "popular")]}
    requests = [
        ("GET", "/recommendations/c-1", None), ("GET", "/products/popular", None), ("GET", "/products/trending", None),
        ("GET", "/products/new", None), ("GET", "/products/similar/p-1", None),
        ("GET", "/products/bought-together?product_id=p-1", None), ("POST", "/recommendations/for-page", page),
        ("POST", "/recommendations/for-page", {"lists": [{"name": "n", "kind": "new"}]}),
    ]  # fmt: skip

    for method, path, body in requests:
        members = {"json": body} if body else {}
        inside = await client.request(method, path, **members)
        outside = await client.request(method, path, headers={"authorization": f"Bearer {WEB}"}, **members)
        assert '"rule":"Secret sale"' in inside.text, path
        assert "Secret" not in outside.text, path
        assert '{"source":"rule","share":1.0}' in outside.text, path


async def test_where_rules_hide_everything_every_kind_of_list_is_empty_and_names_them(client):
    everything = [f"p-{n}" for n in range(10)]
    view = {"customer_id": "c-1", "product_id": "p-1", "event_type": "view"}
    await client.post("/recommendations/process-browsing", json=view)
    hide = {"rule_id": "all", "name": "Secret stocktaking", "action": "hide", "status": "live"}
    await client.post("/rules/save", json=hide | {"target": {"product_ids": everything}})
    kinds = ("for-customer", "popular", "new", "recently-viewed")
    page = {"customer_id": "c-1", "lists": [{"name": kind, "kind": kind} for kind in kinds]}
    requests = [
        ("GET", "/recommendations/c-1", None), ("GET", "/products/popular", None), ("GET", "/products/trending", None),
        ("GET", "/products/new", None), ("GET", "/products/similar/p-1", None),
        ("GET", "/products/bought-together?product_id=p-1", None),
        ("GET", "/recommendations/recently-viewed/c-1", None), ("POST", "/recommendations/for-page", page),
        ("POST", "/recommendations/process-browsing", view),
    ]  # fmt: skip

    for method, path, body in requests:
        members = {"json": body} if body else {}
        answer = (await client.request(method, path, **members)).json()
        for one in answer.get("lists", [answer]):
            assert (one["strategy"], one["items"]) == ("empty", []), path
            assert one["hint"] == "Rules hide products here: Secret stocktaking.", path
        outside = await client.request(method, path, headers={"authorization": f"Bearer {WEB}"}, **members)
        assert "Secret" not in outside.text, path

    preview = (await client.post("/rules/preview", json={"rule_id": "all", "customer_ids": ["c-1"]})).json()
    assert preview["warnings"] == [
        "1 of 1 lists would be empty.", "Lists of the kind `popular` would be empty: it hides every product there.",
    ]  # fmt: skip


async def test_who_saves_a_version_that_was_changed_meanwhile_is_told(client):
    read = (await save(client)).json()["rule"]
    other = await save(client, name="Of somebody else", saved_at=read["saved_at"])
    late = await save(client, name="Mine", saved_at=read["saved_at"])
    [listed] = (await client.get("/rules/list")).json()["rules"]

    assert (other.status_code, late.status_code) == (200, 409)
    assert late.json()["type"] == "urn:problem:rule-changed"
    assert listed == other.json()["rule"]
    assert (await client.post("/rules/save", json=listed | {"name": "Mine"})).status_code == 200
    await client.delete("/rules/remove/r%2F1")
    assert (await client.post("/rules/save", json=listed)).status_code == 409
    assert (await save(client)).status_code == 200


async def test_a_pin_keeps_its_place_on_a_page_and_beside_excluded_products(client):
    await save(client, position=3)
    lists = [
        {"name": "new", "kind": "new", "limit": 2, "exclude": ["p-9"]},
        {"name": "you", "kind": "for-customer", "limit": 4},
    ]

    page = (await client.post("/recommendations/for-page", json={"customer_id": "c-1", "lists": lists})).json()
    first = (await client.get("/recommendations/c-1")).json()["items"][0]["product_id"]
    outside = await client.get(f"/recommendations/c-1?limit=4&exclude={first}", headers={"authorization": f"Bearer {WEB}"})

    assert [item["product_id"] for item in page["lists"][1]["items"]].index("p-9") == 2
    assert [item["rank"] for item in page["lists"][1]["items"]] == [1, 2, 3, 4]
    assert [item["product_id"] for item in outside.json()["items"]].index("p-9") == 2


async def test_a_pinned_product_is_on_a_page_once(client):
    await save(client)
    lists = [{"name": kind, "kind": kind, "limit": 3} for kind in ("popular", "new")]

    page = (await client.post("/recommendations/for-page", json={"lists": lists})).json()

    assert [[item["product_id"] for item in one["items"]].count("p-9") for one in page["lists"]] == [1, 0]
