"""What weakens the lists of a shop, over HTTP: keys, parameters and answers."""

import jsonschema
import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import openapi_document
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.infra.http.examples import assert_problem

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
TARGET = "/reports/health-of-data"


@pytest.fixture
async def ask(database):
    keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=keys)
    async with client_of(create_app(main.health_of_data, settings=lambda: settings, clock=lambda: NOW)) as client:

        async def asked(target=TARGET, scope="backend"):
            return await client.get(target, headers={"authorization": f"Bearer {KEYS[scope]}"})

        yield asked


async def test_an_empty_shop_has_no_products(ask):
    answer = (await ask()).json()

    assert answer["checked_at"] == "2026-11-23T10:00:00Z"
    assert [problem["problem"] for problem in answer["problems"]] == ["no_products"]


async def test_the_answer_is_as_documented(ask, database):
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id="p-1"), ProductChange(product_id="p-2", price=9.0)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        await repository.record([BrowsingEvent(customer_id="c-1", product_id="p-1")], now=NOW)
    document = openapi_document(*main.ENDPOINTS)
    schema = document["paths"][TARGET]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    answer = (await ask()).json()

    jsonschema.validate(answer, schema | {"components": document["components"]})
    assert [(problem["problem"], problem["count"], problem["of"]) for problem in answer["problems"]] == [
        ("untrained", 1, 1),
        ("no_orders", 0, None),
        ("products_without_category", 2, 2),
        ("products_without_name", 2, 2),
        ("products_without_price", 1, 2),
    ]


async def test_only_a_backend_key_may_ask_and_there_are_no_parameters(ask):
    assert_problem(await ask(scope="storefront"), "forbidden")
    response = await ask(f"{TARGET}?limit=5")
    assert_problem(response, "validation")
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/query/limit"]
