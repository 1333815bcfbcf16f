"""What a storefront key can find out about purchases, by an attacker who asks for everything that it may ask."""

import random
from itertools import pairwise

import pytest

import main
from domain.records.customers import NewCustomer
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import STOREFRONT_EXCLUDED, STOREFRONT_LIMIT
from infra.http.app import create_app
from infra.keys import hash_of
from infra.settings import Settings
from infra.storage.sqlite import open_sqlite
from tests.conftest import NOW, client_of

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
CATEGORIES = [f"category-{number}" for number in range(20)]
PRODUCTS = {f"p-{number}": CATEGORIES[number % 20] for number in range(400)}
BOUGHT = {f"p-{number}" for number in range(133)}
PRICES = {product_id: float(number // 20 + 1) for number, product_id in enumerate(PRODUCTS)}
VISIBLE = STOREFRONT_LIMIT + STOREFRONT_EXCLUDED


@pytest.fixture
async def ask(database):
    """Return a function that asks for the list of a customer who bought 133 of 400 products, with a key."""
    async with open_sqlite(database, currency="EUR") as repository:
        changes = [ProductChange(product_id=name, category=PRODUCTS[name], price=PRICES[name]) for name in PRODUCTS]
        await repository.put_products(changes, now=NOW)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=NOW)
        orders = [Purchase(customer_id="c-1", items=(OrderItem(product_id=product_id),)) for product_id in sorted(BOUGHT)]
        await repository.record(orders, now=NOW)
    settings = Settings(database_url=f"sqlite:///{database}", api_keys=API_KEYS)
    async with client_of(create_app(main.for_customer, settings=lambda: settings)) as client:

        async def asked(scope, **parameters):
            headers = {"authorization": f"Bearer {KEYS[scope]}"}
            return await client.get("/recommendations/c-1", params=parameters, headers=headers)

        yield asked


def products_of(response):
    return {item["product_id"] for item in response.json()["items"]} if response.status_code == 200 else set()


async def attacked(ask, scope):
    """Return all products that any answer to a key of this scope names."""
    seen = set()
    for limit in (1, 10, 20, 100):
        seen |= products_of(await ask(scope, limit=limit))
        for rule in ("few", "exclude", "include"):
            seen |= products_of(await ask(scope, limit=limit, seen=rule))
    for category in CATEGORIES:
        seen |= products_of(await ask(scope, limit=100, category=category))
    for low, high in pairwise(range(22)):
        seen |= products_of(await ask(scope, limit=100, min_price=low, max_price=high))
    for size in (10, 100):
        page = await ask(scope, limit=20)
        excluded = []
        while (names := [item["product_id"] for item in page.json().get("items", [])]) and len(excluded) <= 100:
            seen |= set(names)
            excluded += names
            page = await ask(scope, limit=20, exclude=excluded[-size:])
            if page.status_code == 200 and not products_of(page) - seen:
                break
    shuffled = random.Random(1)
    for _ in range(60):
        seen |= products_of(await ask(scope, limit=20, exclude=shuffled.sample(sorted(seen), 10)))
    return seen


async def test_a_storefront_key_sees_few_products_so_that_gaps_mean_nothing(ask):
    seen = await attacked(ask, "storefront")

    not_seen = PRODUCTS.keys() - seen
    assert not seen & BOUGHT
    assert 0 < len(seen) <= VISIBLE
    # Of the products that are missing in all lists, hardly more were bought than of all products: 36 % instead of 33 %.
    assert len(not_seen & BOUGHT) / len(not_seen) <= len(BOUGHT) / (len(PRODUCTS) - VISIBLE)


async def test_the_same_attack_with_a_backend_key_finds_every_purchase(ask):
    seen = await attacked(ask, "backend")

    assert PRODUCTS.keys() - seen == BOUGHT


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": STOREFRONT_LIMIT + 1}, {"category": "category-1"}, {"brand": "b"}, {"tag": "t"},
        {"attribute.colour": "red"}, {"min_price": 1}, {"max_price": 1}, {"seen": "exclude"}, {"seen": "include"},
        {"exclude": [f"p-{number}" for number in range(STOREFRONT_EXCLUDED + 1)]},
    ],
    ids=str,
)  # fmt: skip
async def test_a_list_beyond_the_bounds_requires_a_backend_key(ask, parameters):
    refused, given = await ask("storefront", **parameters), await ask("backend", **parameters)

    assert (refused.status_code, refused.json()["type"]) == (403, "urn:problem:forbidden")
    assert "`limit` up to 20" in refused.json()["detail"]
    assert given.status_code == 200


async def test_a_list_within_the_bounds_is_that_of_a_backend_key(ask):
    lists = [await ask(scope, limit=STOREFRONT_LIMIT, placement="cart") for scope in ("storefront", "backend")]

    assert len(products_of(lists[0])) == STOREFRONT_LIMIT
    assert products_of(lists[0]) == products_of(lists[1])


async def test_excluded_products_are_left_out_of_the_list_and_the_next_ones_follow(ask):
    whole = [item["product_id"] for item in (await ask("backend", limit=VISIBLE)).json()["items"]]

    items = (await ask("storefront", limit=5, exclude=[whole[0], whole[2]])).json()["items"]

    assert [item["product_id"] for item in items] == [whole[1], *whole[3:7]]
    assert [item["rank"] for item in items] == [1, 2, 3, 4, 5]
