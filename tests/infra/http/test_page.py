"""Pages over HTTP: the body, keys and answers."""

import jsonschema
import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import openapi_document
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
OWN = {"name": "for-you", "kind": "for-customer", "limit": 2}
POPULAR = {"name": "popular", "kind": "popular"}


@pytest.fixture
async def ask(database):
    """Return a function that asks for a page with a key, in an untrained shop with five products and the customer c-1."""
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}") for n in range(5)], now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
    keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=keys)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:

        async def asked(*lists, scope="backend", **members):
            headers = {"authorization": f"Bearer {KEYS[scope]}"}
            return await client.post("/recommendations/for-page", json={"lists": lists, **members}, headers=headers)

        yield asked


@pytest.mark.parametrize("scope", KEYS)
async def test_answers_are_as_documented_for_every_key(ask, scope):
    document = openapi_document(*main.ENDPOINTS)
    success = document["paths"]["/recommendations/for-page"]["post"]["responses"]["200"]
    schema = success["content"]["application/json"]["schema"]

    response = await ask(OWN, POPULAR, scope=scope, customer_id="c-1")

    assert response.status_code == 200
    jsonschema.validate(response.json(), schema | {"components": document["components"]})
    first, second = response.json()["lists"]
    assert list(first) == ["name", "recommendation_id", "kind", "strategy", "items"]
    assert len(first["items"]) == 2
    assert len(second["items"]) == 3
    assert "customer_id" not in (await ask(POPULAR)).json()


@pytest.mark.parametrize(
    ("members", "errors"),
    [
        ({"lists": []}, {"#/lists": "Expected `array` of length >= 1"}),
        (
            {"lists": [{"kind": "best"}, {"name": "", "kind": "new", "limit": 0, "minimum": 1}]},
            {
                "#/lists/0/name": "Required",
                "#/lists/0/kind": None,
                "#/lists/1/name": "Expected `str` of length >= 1",
                "#/lists/1/limit": "Expected `int` >= 1",
                "#/lists/1/minimum": None,
            },
        ),
        (
            {
                "lists": [
                    OWN,
                    {"name": "a", "kind": "buy-again", "product_ids": ["p-1"]},
                    {"name": "a", "kind": "similar"},
                    {"name": "b", "kind": "similar", "product_ids": ["p-1", "p-2"]},
                    {"name": "c", "kind": "new", "days": 7, "min_price": 2, "max_price": 1},
                    {"name": "d", "kind": "new", "attributes": {f"a{n}": ["x"] for n in range(51)}},
                ]
            },
            {
                "#/lists/0/kind": "A list of the kind `for-customer` needs a `customer_id`",
                "#/lists/1/kind": "A list of the kind `buy-again` needs a `customer_id`",
                "#/lists/1/product_ids": "A list of the kind `buy-again` is not about products",
                "#/lists/2/product_ids": "A list of the kind `similar` needs `product_ids`",
                "#/lists/3/product_ids": "A list of the kind `similar` is about one product",
                "#/lists/4/days": "A list of the kind `new` counts no days",
                "#/lists/4/min_price": "Expected at most `max_price`",
                "#/lists/5/attributes": "Expected at most 50 attributes",
                "#/lists/2/name": "Expected a name of its own for each list",
            },
        ),
    ],
)
async def test_bad_requests_are_refused_with_all_their_errors(ask, members, errors):
    response = await ask(**members)

    assert response.json()["type"] == "urn:problem:validation"
    found = {error["pointer"]: error["detail"] for error in response.json()["errors"]}
    assert found.keys() == errors.keys()
    assert {pointer: detail for pointer, detail in errors.items() if detail} == {
        pointer: found[pointer] for pointer, detail in errors.items() if detail
    }


async def test_a_page_has_at_most_ten_lists(ask):
    lists = [POPULAR | {"name": f"list {n}"} for n in range(11)]

    assert (await ask(*lists)).json()["type"] == "urn:problem:too-many-items"
    assert (await ask(*lists[:10])).status_code == 200


@pytest.mark.parametrize(
    "lists",
    [
        [{"name": "a", "kind": "buy-again"}],
        [{"name": "a", "kind": "recently-viewed"}],
        [OWN, OWN | {"name": "again"}],
        [OWN | {"limit": 21}],
        [OWN | {"category": ["a"]}],
        [OWN | {"exclude": [f"p-{n}" for n in range(11)]}],
    ],
)
async def test_a_storefront_key_gets_no_more_than_with_single_lists(ask, lists):
    response = await ask(*lists, scope="storefront", customer_id="c-1")

    assert response.json()["type"] == "urn:problem:forbidden"
    assert (await ask(*lists, scope="storefront", customer_id="nobody")).json() == response.json()


async def test_other_lists_have_no_bounds_for_a_storefront_key(ask):
    lists = [POPULAR | {"limit": 100, "exclude": [f"x-{n}" for n in range(100)]}, OWN]

    assert (await ask(*lists, scope="storefront", customer_id="c-1")).status_code == 200
    assert (await ask(POPULAR, scope="storefront", customer_id="c-1", seen="include")).status_code == 200
    assert (await ask(OWN, scope="storefront", customer_id="c-1", seen="include")).status_code == 403
