"""Money of several currencies in every repository: only what has a rate counts, and sums are the same everywhere."""

from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from domain.records.customers import NewCustomer
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.recommend import current_list, fresh_list
from tests.inputs import candidate_query, candidates_of

RATES = "USD=0.92,JPY=0.0061"
PRICES = {"euro": (46.0, "EUR"), "dollar": (50.0, "USD"), "yen": (50.0, "JPY"), "franc": (46.0, "CHF")}


@pytest.fixture
async def shop(database_url, now):
    async with open_repository(Settings(database_url=database_url, currency_rates=RATES)) as repository:
        await repository.put_products(
            [
                ProductChange(product_id=product_id, price=price, currency=currency)
                for product_id, (price, currency) in PRICES.items()
            ],
            now=now,
        )
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        yield repository


async def buy(shop, *orders, now):
    """Record orders of (currency, unit price, quantity)."""
    events = [
        Purchase(customer_id="c-1", currency=currency, items=(OrderItem(product_id="euro", unit_price=price, quantity=n),))
        for currency, price, n in orders
    ]
    await shop.record(events, now=now)


async def test_the_amount_spent_is_in_the_currency_of_the_shop(shop, now):
    await buy(shop, ("EUR", 10.0, 1), ("USD", 0.0001, 3), ("USD", 100.0, 2), ("JPY", 1000.0, 1), ("CHF", 500.0, 1), now=now)

    activity = (await shop.profile("c-1")).activity
    state = await shop.customer_state("c-1")

    in_dollars = (Decimal("200.0003") * Decimal("0.92")).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    assert activity.spent == float(10 + in_dollars + Decimal("6.1"))
    assert activity.orders == state.segment_inputs.purchases.orders == 5
    assert state.segment_inputs.purchases.spent == activity.spent


async def test_training_reads_money_and_prices_in_the_currency_of_the_shop(shop, now):
    await buy(shop, ("USD", 10.0, 2), ("CHF", 500.0, 1), ("EUR", 3.0, 1), now=now)

    events = [event async for batch in shop.training_events() for event in batch]
    products = [product async for batch in shop.training_products() for product in batch]

    assert sorted(event.spent for event in events) == [0.0, 3.0, 20 * 0.92]
    assert {product.product_id: product.comparable_price for product in products} == {
        "euro": 46.0,
        "dollar": 50 * 0.92,
        "yen": 50 * 0.0061,
        "franc": None,
    }


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ({"min_price": 46}, {"euro", "dollar"}),
        ({"max_price": 46}, {"euro", "dollar", "yen"}),
        ({"max_price": 45.99}, {"yen"}),
        ({"min_price": 0.305, "max_price": 0.305}, {"yen"}),
        ({}, {"euro", "dollar", "yen", "franc"}),
    ],
)
async def test_a_price_filter_is_in_the_currency_of_the_shop(shop, now, prices, expected):
    request = ListRequest(limit=100, **prices)

    found = await candidates_of(shop, candidate_query(n_fill=9, request=request))
    computed = await fresh_list(shop, "c-1", request=request, now=now)
    await current_list(shop, "c-1", now=now, reuse_seconds=60)
    stored = await current_list(shop, "c-1", request=request, now=now, reuse_seconds=60)

    for products in (found, computed.items, stored.items):
        assert {product.product_id for product in products} == expected
    # Answers keep the prices of the shop.
    assert {item.product_id: (item.price, item.currency) for item in stored.items} == {
        name: PRICES[name] for name in expected
    }


async def test_the_same_database_can_be_opened_with_other_rates(database_url, shop):
    async with open_repository(Settings(database_url=database_url, currency_rates="CHF=1.5")) as again:
        products = [product async for batch in again.training_products() for product in batch]

    comparable = {product.product_id: product.comparable_price for product in products}
    assert comparable == {"euro": 46.0, "dollar": None, "yen": None, "franc": 69.0}
