"""Lists of the whole shop over HTTP: parameters, keys and answers."""

import jsonschema
import pytest

import main
from domain.ranking.model import TrainedModel
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import openapi_document
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.domain.shop import model_with

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
PATHS = ["/products/popular", "/products/trending", "/products/new"]


@pytest.fixture
async def ask(database):
    """Return a function that asks for a list with a key, in an untrained shop with three products."""
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", price=float(n)) for n in range(3)], now=NOW)
    keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=keys)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:

        async def asked(target, scope="backend"):
            return await client.get(target, headers={"authorization": f"Bearer {KEYS[scope]}"})

        yield asked


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scope", KEYS)
async def test_answers_are_as_documented_for_every_key(ask, path, scope):
    document = openapi_document(*main.ENDPOINTS)
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    answer = (await ask(f"{path}?limit=2&min_price=1", scope)).json()

    jsonschema.validate(answer, schema | {"components": document["components"]})
    assert list(answer) == ["recommendation_id", "kind", "strategy", "generated_at", "items"]
    assert answer["kind"] == path.rpartition("/")[2]
    assert {item["product_id"] for item in answer["items"]} == {"p-1", "p-2"}


async def test_a_product_that_an_order_created_can_be_asked_about_at_once(database):
    """The list after the order is made while the order becomes durable, and must not take the product for unknown."""
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(3)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        await repository.save_model(TrainedModel(model=model_with(newest_product_index=2), neighbours=[]))
    settings = Settings(database_url=f"sqlite:///{database}")
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:
        order = {"customer_id": "c-1", "unknown_products": "create", "items": [{"product_id": "gift card"}]}
        bought = await client.post("/recommendations/process-purchase", json=order)
        answers = [
            await client.get(target)
            for target in ("/products/similar/gift%20card", "/products/bought-together?product_id=gift%20card")
        ]

    assert bought.status_code == 201
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize(
    ("target", "pointers"),
    [
        ("/products/popular?days=0&limit=0&category=", ["#/query/category", "#/query/days", "#/query/limit"]),
        ("/products/popular?days=0&limt=5", ["#/query/days", "#/query/limt"]),
        ("/products/popular?days=366", ["#/query/days"]),
        ("/products/popular?days=a", ["#/query/days"]),
        ("/products/trending?days=7", ["#/query/days"]),
        ("/products/new?customer_id=c-1", ["#/query/customer_id"]),
        ("/products/new?min_price=2&max_price=1", ["#/query/min_price"]),
    ],
)
async def test_bad_requests_are_refused_with_all_their_errors(ask, target, pointers):
    response = await ask(target)

    assert response.json()["type"] == "urn:problem:validation"
    assert sorted(error["pointer"] for error in response.json()["errors"]) == pointers
