"""Why a product is not in a customer's list, over HTTP: parameters, keys, answers, and the audit."""

from datetime import timedelta

import jsonschema
import pytest

import main
from domain.records.audit import AuditQuery
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import openapi_document
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.infra.http.examples import assert_problem

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}


@pytest.fixture
async def app(database, written_at_once):
    """A shop whose customers c-1 and `gid://c/2` bought p-0 and looked at p-1; p-2 is out of stock."""
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [ProductChange(product_id=f"p-{n}", category="coffee", price=float(n), in_stock=n != 2) for n in range(15)]
        await repository.put_products(changes, now=NOW)
        for name in ("c-1", "gid://c/2"):
            await repository.create_customer(NewCustomer(customer_id=name), now=NOW)
            order = Purchase(customer_id=name, items=(OrderItem(product_id="p-0"),), occurred_at=NOW - timedelta(days=9))
            await repository.record([order, BrowsingEvent(customer_id=name, product_id="p-1")], now=NOW)
    keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=keys)
    return create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)


@pytest.fixture
async def ask(app):
    async with client_of(app) as client:

        async def asked(target, scope="backend"):
            return await client.get(f"/recommendations/{target}", headers={"authorization": f"Bearer {KEYS[scope]}"})

        yield asked


async def verdict(ask, query):
    response = await ask(f"why-not/c-1?{query}")
    assert response.status_code == 200, response.text
    return response.json()["verdict"]


async def test_the_answer_is_as_documented(ask):
    document = openapi_document(*main.ENDPOINTS)
    documented = document["paths"]["/recommendations/why-not/{customer_id}"]["get"]
    schema = documented["responses"]["200"]["content"]["application/json"]["schema"]

    for product_id in ("p-0", "p-1", "p-2", "p-14"):
        answer = (await ask(f"why-not/c-1?product_id={product_id}")).json()
        jsonschema.validate(answer, schema | {"components": document["components"]})
        assert (answer["customer_id"], answer["product_id"], answer["limit"]) == ("c-1", product_id, 10)


@pytest.mark.parametrize(
    "query", ["limit=10", "limit=3", "limit=100&seen=include", "limit=5&max_price=9&exclude=p-5&seen=exclude"]
)
async def test_exactly_the_products_of_the_list_are_in_the_list(ask, query):
    listed = {item["product_id"] for item in (await ask(f"c-1?{query}")).json()["items"]}

    verdicts = {f"p-{n}": await verdict(ask, f"product_id=p-{n}&{query}") for n in range(15)}

    assert {product_id for product_id, found in verdicts.items() if found == "in_list"} == listed
    assert (verdicts["p-0"], verdicts["p-2"]) == ("bought_not_due", "out_of_stock")


async def test_filters_and_the_placement_are_those_of_lists(ask):
    assert await verdict(ask, "product_id=p-5&category=tea&placement=cart") == "outside_filters"
    assert await verdict(ask, "product_id=p-5&attribute.colour=red") == "outside_filters"
    assert await verdict(ask, "product_id=p-5&exclude=p-5") == "excluded"


async def test_an_id_with_slashes_is_found(ask):
    answer = (await ask("why-not/gid:%2F%2Fc%2F2?product_id=p-0")).json()

    assert (answer["customer_id"], answer["verdict"]) == ("gid://c/2", "bought_not_due")


async def test_an_unknown_customer_or_product_is_not_found(ask):
    assert_problem(await ask("why-not/nobody?product_id=p-0"), "customer-not-found")
    assert_problem(await ask("why-not/c-1?product_id=nothing"), "product-not-found")


async def test_a_storefront_key_does_not_see_why(ask):
    for customer_id in ("c-1", "nobody"):
        assert_problem(await ask(f"why-not/{customer_id}?product_id=p-0", "storefront"), "forbidden")


@pytest.mark.parametrize(
    ("target", "slug", "pointers"),
    [
        ("why-not/c-1", "validation", ["#/query/product_id"]),
        ("why-not/c-1?limit=101&category=", "validation", ["#/query/category", "#/query/limit", "#/query/product_id"]),
        ("why-not/c-1?product_id=p-0&product_id=p-1", "validation", ["#/query/product_id"]),
        ("why-not/c-1?product_id=&seen=all", "validation", ["#/query/product_id", "#/query/seen"]),
        ("why-not/c-1?product_id=a%20%20b", "validation", ["#/query/product_id"]),
        ("why-not/c-1?product_id=p-0&min_price=2&max_price=1", "validation", ["#/query/min_price"]),
        ("why-not/c-1?product_id=p-0&guest=true", "validation", ["#/query/guest"]),
        (f"why-not/{'x' * 129}?product_id=p-0", "validation", ["#/path/customer_id"]),
        ("why-not/", "not-found", []),
        ("why-not", "not-found", []),
        ("why-not/c-1/?product_id=p-0", "not-found", []),
    ],
)
async def test_bad_requests_are_refused_with_all_their_errors(ask, target, slug, pointers):
    response = await ask(target)

    assert response.json()["type"] == f"urn:problem:{slug}"
    assert sorted(error["pointer"] for error in response.json().get("errors", [])) == pointers


async def test_each_question_about_a_customer_is_kept_in_the_audit(app, ask):
    await ask("why-not/c-1?product_id=p-0")
    await ask("why-not/c-1?product_id=nothing")
    await ask("why-not/c-1")

    entries = await (await app.storage.shop()).repository.audit_entries(AuditQuery(customer_id="c-1"))

    assert [(entry.action, entry.outcome) for entry in reversed(entries)] == [
        ("read-profile", "done"), ("read-profile", "failed"),
    ]  # fmt: skip
