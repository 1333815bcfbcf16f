"""Lists about products over HTTP: parameters, keys and answers."""

import jsonschema
import pytest

import main
from domain.ranking.model import TrainedModel
from domain.records.customers import NewCustomer
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.http.openapi import openapi_document
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of
from tests.domain.shop import model_with, neighbour_lists

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
SIMILAR, TOGETHER = "/products/similar/p-0", "/products/bought-together?product_id=p-0"


@pytest.fixture
async def ask(database):
    """Return a function that asks for a list with a key, in a shop where p-2 and SKU 12/3 complete p-0; c-1 bought p-2."""
    async with open_sqlite(database, currency="EUR") as repository:
        ids = ["p-0", "p-1", "p-2", "SKU 12/3"]
        changes = [ProductChange(product_id=product_id, category="a", price=5.0) for product_id in ids]
        await repository.put_products(changes, now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        await repository.record([Purchase(customer_id="c-1", items=(OrderItem(product_id="p-2"),))], now=NOW)
        lists = [neighbour_lists(0, similar=[(1, 0.8), (2, 0.7)], completing=[(2, 0.5), (3, 0.4)])]
        lists.append(neighbour_lists(3, similar=[(1, 0.3)]))
        await repository.save_model(TrainedModel(model=model_with(newest_product_index=3), neighbours=lists))
    keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=keys)
    async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings, clock=lambda: NOW)) as client:

        async def asked(target, scope="backend", **parameters):
            headers = {"authorization": f"Bearer {KEYS[scope]}"}
            return await client.get(target, params=parameters or None, headers=headers)

        yield asked


def ids_of(response):
    assert response.status_code == 200, response.text
    return [item["product_id"] for item in response.json()["items"]]


@pytest.mark.parametrize("target", [SIMILAR, TOGETHER])
async def test_answers_are_as_documented(ask, target):
    document = openapi_document(*main.ENDPOINTS)
    path = "/products/similar/{product_id}" if target == SIMILAR else "/products/bought-together"
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = (await ask(target)).json()

    jsonschema.validate(answer, schema | {"components": document["components"]})
    assert list(answer) == ["recommendation_id", "kind", "strategy", "generated_at", "items"]
    assert answer["strategy"] == ("content" if target == SIMILAR else "learned")
    assert answer["kind"] == ("similar" if target == SIMILAR else "bought-together")


async def test_reasons_name_the_products_of_the_request(ask):
    for scope in KEYS:
        items = (await ask(TOGETHER, scope)).json()["items"]
        assert items[0]["reasons"] == [{"source": "bought_together", "product_id": "p-0", "share": 1.0}]


async def test_an_id_with_a_slash_is_found(ask):
    assert "p-1" in ids_of(await ask("/products/similar/SKU%2012%2F3"))
    assert ids_of(await ask("/products/bought-together?product_id=SKU%2012%2F3&product_id=p-0"))[0] == "p-2"


async def test_limit_and_filters_apply(ask):
    assert ids_of(await ask(f"{TOGETHER}&limit=1")) == ["p-2"]
    assert "p-2" not in ids_of(await ask(f"{TOGETHER}&exclude=p-2"))
    assert ids_of(await ask(f"{SIMILAR}?category=b")) == []


async def test_a_backend_key_gets_lists_without_what_the_customer_bought(ask):
    assert "p-2" not in ids_of(await ask(f"{TOGETHER}&customer_id=c-1"))
    assert "p-2" not in ids_of(await ask(f"{SIMILAR}?customer_id=c-1"))


async def test_a_storefront_key_gets_lists_without_gaps_and_personal_reasons(ask):
    for target in (f"{TOGETHER}&customer_id=c-1", f"{SIMILAR}?customer_id=c-1"):
        response = await ask(target, "storefront")
        assert "p-2" in ids_of(response)
        reasons = [reason for item in response.json()["items"] for reason in item["reasons"]]
        assert {reason.get("product_id", "p-0") for reason in reasons} == {"p-0"}
        assert not [reason for reason in reasons if "category" in reason]


@pytest.mark.parametrize("target", [f"{TOGETHER}&", f"{SIMILAR}?"])
@pytest.mark.parametrize("scope", list(KEYS))
async def test_a_guest_who_is_not_registered_yet_gets_the_lists_of_a_newcomer(ask, target, scope):
    of_nobody = await ask(f"{target}customer_id=nobody&guest=true", scope)

    assert ids_of(of_nobody) == ids_of(await ask(f"{target}guest=true", scope)) == ids_of(await ask(target, scope))
    assert ids_of(await ask(f"{target}customer_id=c-1&guest=true", scope)) == ids_of(
        await ask(f"{target}customer_id=c-1", scope)
    )
    for refused in ("", "&guest=false"):
        answer = await ask(f"{target}customer_id=nobody{refused}", "backend")
        assert answer.json()["type"] == "urn:problem:customer-not-found"


@pytest.mark.parametrize("target", [f"{TOGETHER}&customer_id=c-1", f"{SIMILAR}?customer_id=c-1"])
async def test_a_storefront_key_learns_nothing_about_a_customer_from_lists_about_products(ask, target):
    """A taste that decides near-ties would tell its interests by scores and reasons, one category after the other."""
    with_customer = (await ask(target, "storefront")).json()
    without = (await ask(target.replace("customer_id=c-1", "limit=10"), "storefront")).json()
    unknown = (await ask(target.replace("c-1", "nobody"), "storefront")).json()

    assert with_customer["items"] == without["items"] == unknown["items"]


@pytest.mark.parametrize(
    ("target", "slug", "pointers"),
    [
        ("/products/similar/nothing", "product-not-found", []),
        ("/products/bought-together?product_id=nothing", "product-not-found", []),
        (f"{TOGETHER}&customer_id=nobody", "customer-not-found", []),
        ("/products/bought-together", "validation", ["#/query/product_id"]),
        ("/products/bought-together?" + "product_id=p-0&" * 21, "validation", ["#/query/product_id"]),
        ("/products/bought-together?product_id=", "validation", ["#/query/product_id"]),
        (f"{TOGETHER}&customer_id=%20", "validation", ["#/query/customer_id"]),
        (f"{TOGETHER}&limit=101&category=", "validation", ["#/query/category", "#/query/limit"]),
        (f"{SIMILAR}?min_price=2&max_price=1", "validation", ["#/query/min_price"]),
        (f"{SIMILAR}?customer_id=c-1&customer_id=c-1", "validation", ["#/query/customer_id"]),
        (f"{SIMILAR}?customer_id=%20&guest=perhaps", "validation", ["#/query/customer_id", "#/query/guest"]),
        (f"/products/similar/{'x' * 129}", "validation", ["#/path/product_id"]),
        (
            f"/products/similar/{'x' * 129}?guest=maybe&limit=0",
            "validation",
            ["#/path/product_id", "#/query/guest", "#/query/limit"],
        ),
        ("/products/bought-together?limit=0", "validation", ["#/query/limit", "#/query/product_id"]),
        ("/products/similar/", "not-found", []),
    ],
)
async def test_bad_requests_are_refused_with_all_their_errors(ask, target, slug, pointers):
    response = await ask(target)

    assert response.json()["type"] == f"urn:problem:{slug}"
    assert sorted(error["pointer"] for error in response.json().get("errors", [])) == pointers
