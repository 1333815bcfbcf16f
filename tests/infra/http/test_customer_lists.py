"""Lists of what a customer bought or looked at before, over HTTP: parameters, keys and answers."""

from datetime import datetime, timedelta

import jsonschema
import pytest

import main
from domain.ranking.model import Repeats, TrainedModel
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import openapi_document
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.domain.shop import model_with
from tests.infra.http.examples import assert_problem

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
KINDS = ("buy-again", "recently-viewed")


@pytest.fixture
async def ask(database):
    """Return a function that asks for a list with a key; c-1 and `gid://c/2` bought p-0 and looked at p-1."""
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [ProductChange(product_id=f"p-{n}", category="coffee", price=5.0) for n in range(2)]
        await repository.put_products(changes, now=NOW)
        repeats = Repeats(purchases={"": 1.0}, days={"": 10.0})
        await repository.save_model(TrainedModel(model=model_with(repeats=repeats, newest_product_index=1), neighbours=[]))
        for name in ("c-1", "gid://c/2"):
            await repository.create_customer(NewCustomer(customer_id=name), now=NOW)
            order = (OrderItem(product_id="p-0"),)
            bought = Purchase(customer_id=name, items=order, occurred_at=NOW - timedelta(days=9))
            await repository.record([bought, BrowsingEvent(customer_id=name, product_id="p-1")], now=NOW)
    keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=keys)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:

        async def asked(target, scope="backend"):
            return await client.get(f"/recommendations/{target}", headers={"authorization": f"Bearer {KEYS[scope]}"})

        yield asked


def ids_of(response):
    assert response.status_code == 200, response.text
    return [item["product_id"] for item in response.json()["items"]]


@pytest.mark.parametrize("kind", KINDS)
async def test_answers_are_as_documented(ask, kind):
    document = openapi_document(*main.ENDPOINTS)
    documented = document["paths"][f"/recommendations/{kind}/{{customer_id}}"]["get"]
    schema = documented["responses"]["200"]["content"]["application/json"]["schema"]

    answer = (await ask(f"{kind}/c-1")).json()

    jsonschema.validate(answer, schema | {"components": document["components"]})
    assert list(answer) == ["recommendation_id", "kind", "strategy", "generated_at", "items"]
    assert (answer["kind"], answer["strategy"]) == (kind, "history")
    assert ("due_at" in answer["items"][0]) == (kind == "buy-again")


async def test_a_product_to_buy_again_says_when_it_is_due(ask):
    [item] = (await ask("buy-again/c-1")).json()["items"]

    assert item["product_id"] == "p-0"
    assert datetime.fromisoformat(item["due_at"]) - NOW == pytest.approx(timedelta(days=1), abs=timedelta(seconds=1))
    assert sum(reason["share"] for reason in item["reasons"]) == pytest.approx(1.0, abs=1e-3)
    assert {reason["source"] for reason in item["reasons"]} == {"bought_before", "rebought", "due"}


async def test_a_product_that_was_looked_at_has_that_as_its_reason(ask):
    [item] = (await ask("recently-viewed/c-1")).json()["items"]

    assert (item["product_id"], item["reasons"]) == ("p-1", [{"source": "looked_at", "share": 1.0}])


async def test_an_id_with_slashes_is_found(ask):
    assert [ids_of(await ask(f"{kind}/gid:%2F%2Fc%2F2")) for kind in KINDS] == [["p-0"], ["p-1"]]


@pytest.mark.parametrize("kind", KINDS)
async def test_limit_and_filters_apply(ask, kind):
    assert len(ids_of(await ask(f"{kind}/c-1?limit=1&category=coffee&placement=account"))) == 1
    assert ids_of(await ask(f"{kind}/c-1?max_price=4")) == []
    assert ids_of(await ask(f"{kind}/c-1?exclude=p-0&exclude=p-1")) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_storefront_key_does_not_see_what_a_person_did(ask, kind):
    for customer_id in ("c-1", "nobody"):
        assert_problem(await ask(f"{kind}/{customer_id}?guest=true", "storefront"), "forbidden")


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_customer_has_an_empty_list_as_a_guest_only(ask, kind):
    assert_problem(await ask(f"{kind}/nobody"), "customer-not-found")
    assert_problem(await ask(f"{kind}/nobody?guest=false"), "customer-not-found")

    answer = (await ask(f"{kind}/nobody?guest=true")).json()

    assert (answer["kind"], answer["strategy"], answer["items"]) == (kind, "empty", [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("target", "slug", "pointers"),
    [
        ("c-1?limit=101&category=", "validation", ["#/query/category", "#/query/limit"]),
        ("c-1?guest=maybe", "validation", ["#/query/guest"]),
        ("c-1?min_price=2&max_price=1", "validation", ["#/query/min_price"]),
        ("c-1?seen=few&limt=2", "validation", ["#/query/limt", "#/query/seen"]),
        ("c-1?customer_id=c-1", "validation", ["#/query/customer_id"]),
        ("c-1?attribute.a%22b=1", "validation", ['#/query/attribute.a"b']),
        ("x" * 129, "validation", ["#/path/customer_id"]),
        ("", "not-found", []),
        ("c-1/", "not-found", []),
    ],
)
async def test_bad_requests_are_refused_with_all_their_errors(ask, kind, target, slug, pointers):
    response = await ask(f"{kind}/{target}")

    assert response.json()["type"] == f"urn:problem:{slug}"
    assert sorted(error["pointer"] for error in response.json().get("errors", [])) == pointers


async def test_a_path_of_lists_is_no_customer(ask):
    for kind in KINDS:
        assert_problem(await ask(kind), "not-found")
