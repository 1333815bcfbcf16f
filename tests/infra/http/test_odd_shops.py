"""Shops of every odd shape: each customer gets a list or a clear `empty`, before and after each kind of training."""

from datetime import timedelta

import pytest

import main
from domain.records.customers import CustomerChange
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.http.app import create_app
from infra.storage.opening import open_repository
from infra.use_cases.train import TuningBudget, train
from tests.conftest import NOW, client_of
from tests.imports import as_imported

CUSTOMERS = [f"c-{number}" for number in range(40)]
CATEGORIES = ("tents", "stoves/gas", "stoves")
ODD_IDS = ("-", "_", "...", "0", "p" * 128, "SKU 12/3", "#1001", "gid://shopify/Product/1", "商品-😀")
QUERIES = (
    "",
    "?limit=100",
    "?category=stoves",
    "?min_price=0&max_price=5",
    "?exclude=p-1&limit=1",
    "?seen=exclude",
    "?seen=include",
)


def catalogue(n, **fields):
    return [ProductChange(product_id=f"p-{number}", **fields) for number in range(n)]


def full_catalogue(n, **fields):
    return [
        ProductChange(
            product_id=f"p-{number}", name=f"Product {number}", category=CATEGORIES[number % 3], price=number + 0.5, **fields
        )
        for number in range(n)
    ]


def views(customers, products, *, days_ago=lambda number: number % 30):
    return [
        BrowsingEvent(customer_id=customer, product_id=f"p-{index}", occurred_at=NOW - timedelta(days=days_ago(number)))
        for number, customer in enumerate(customers)
        for index in products
    ]


def orders(customers, products, *, prices=(1.0,), currency="EUR"):
    return [
        Purchase(
            customer_id=customer,
            order_id=f"{customer}-{index}",
            occurred_at=NOW - timedelta(days=number % 30),
            currency=currency,
            items=(OrderItem(product_id=f"p-{index}", unit_price=prices[index % len(prices)]),),
        )
        for number, customer in enumerate(customers)
        for index in products
    ]


SHOPS = {
    "nothing": ([], []),
    "no events": (full_catalogue(12), []),
    "one product, one customer": (catalogue(1), views(["c-0"], [0])),
    "one product, bought by everyone": (catalogue(1), orders(CUSTOMERS, [0])),
    "everything bought by everyone": (full_catalogue(8), orders(CUSTOMERS, range(8))),
    "all at one instant": (full_catalogue(12), views(CUSTOMERS, range(5), days_ago=lambda _: 0)),
    "at the beginning of time": (full_catalogue(12), views(CUSTOMERS, range(5), days_ago=lambda _: 20_000)),
    "no prices, categories or names": (catalogue(12), views(CUSTOMERS, range(5))),
    "nothing available": (full_catalogue(12, in_stock=False), views(CUSTOMERS, range(5))),
    "free and precious": (full_catalogue(12), orders(CUSTOMERS, range(5), prices=(0.0, 1e9))),
    "another currency": (full_catalogue(12, currency="JPY"), orders(CUSTOMERS, range(5), currency="JPY")),
    "ids of punctuation": (
        [ProductChange(product_id=name, category="ä/ß") for name in ODD_IDS],
        [BrowsingEvent(customer_id="c-0", product_id=name) for name in ODD_IDS],
    ),
}


def check(answer, *, limit):
    assert answer.status_code == 200, answer.text
    listed = answer.json()
    assert len(listed["items"]) <= limit
    assert (listed["strategy"] == "empty") == (not listed["items"])
    assert all(item["score"] > 0 and item["reasons"] for item in listed["items"])
    assert len({item["product_id"] for item in listed["items"]}) == len(listed["items"])


async def check_lists(client):
    for customer in ("c-0", "c-39", "newcomer"):
        for query in QUERIES:
            check(
                await client.get(f"/recommendations/{customer}{query}"),
                limit={"?limit=100": 100, "?exclude=p-1&limit=1": 1}.get(query, 10),
            )
        assert (await client.get(f"/customer/get-profile/{customer}")).status_code == 200


@pytest.mark.parametrize("shape", SHOPS)
async def test_a_shop_of_an_odd_shape_is_served_before_and_after_training(settings, shape):
    products, events = SHOPS[shape]
    async with open_repository(settings) as repository:
        await repository.put_products(products, now=NOW)
        await repository.put_customers([CustomerChange(customer_id=name) for name in (*CUSTOMERS, "newcomer")], now=NOW)
        await repository.put_events(as_imported(events), create_products=False, now=NOW)
        async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings)) as client:
            await check_lists(client)
            for trials in (0, 2):
                await train(repository, now=NOW, budget=TuningBudget(trials=trials))
                await check_lists(client)


async def test_a_product_newer_than_the_model_is_served_and_recorded(settings):
    async with open_repository(settings) as repository:
        await repository.put_products(full_catalogue(12), now=NOW)
        await repository.put_events(as_imported(views(CUSTOMERS, range(5))), create_products=False, now=NOW)
        await train(repository, now=NOW)
        await repository.put_products([ProductChange(product_id="late", category="tents", price=2.0)], now=NOW)
        async with client_of(create_app(*main.ENDPOINTS, settings=lambda: settings)) as client:
            view = {"customer_id": "c-0", "product_id": "late"}
            browsing = await client.post("/recommendations/process-browsing", json=view)
            everything = await client.get("/recommendations/c-1?limit=100")

    assert browsing.status_code == 201
    assert "late" in {item["product_id"] for item in everything.json()["items"]}
