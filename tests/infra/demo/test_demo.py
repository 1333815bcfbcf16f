"""The demo shop is reproducible and plausible, and loads into any database."""

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from domain.records.customers import SEGMENTS, CustomerChange, segment_of
from domain.records.interactions import BrowsingEvent, Purchase
from domain.records.products import ProductChange
from infra.demo import demo_shop, load_demo_shop, prepare_demo_shop
from infra.use_cases.recommend import current_list
from infra.use_cases.train import TuningBudget, train
from tests.conftest import NOW


@pytest.fixture(scope="module")
def shop():
    return demo_shop(now=NOW)


def test_the_demo_shop_has_enough_products_customers_and_events(shop):
    n_events = sum(len(event.items) if isinstance(event, Purchase) else 1 for event in shop.events)

    assert len(shop.products) >= 300
    assert len({product.name for product in shop.products}) == len(shop.products)
    assert len({product.category for product in shop.products}) >= 12
    assert [customer.customer_id for customer in shop.customers] == [f"demo-{number}" for number in range(1, 501)]
    assert 20_000 <= n_events < 21_000
    assert shop.summary == f"{len(shop.products)} products, 500 customers, {n_events:,} events"


def test_events_lie_in_the_90_days_that_end_now(shop):
    assert all(NOW - timedelta(days=90) <= event.occurred_at <= NOW for event in shop.events)


def test_every_customer_has_events(shop):
    assert {event.customer_id for event in shop.events} == {customer.customer_id for customer in shop.customers}


def test_the_same_seed_produces_the_same_shop(shop):
    assert demo_shop(now=NOW) == shop
    assert demo_shop(now=NOW, seed=8) != shop


@pytest.mark.parametrize(
    ("part", "types"),
    [("products", (ProductChange,)), ("customers", (CustomerChange,)), ("events", (BrowsingEvent, Purchase))],
    ids=["products", "customers", "events"],
)
def test_every_record_is_valid_as_json(shop, part, types):
    for record in getattr(shop, part):
        assert type(record) in types
        assert msgspec.json.decode(msgspec.json.encode(record), type=type(record), strict=True) == record


def test_customers_rebuy_consumables_more_often_than_other_products(shop):
    categories = {product.product_id: product.category for product in shop.products}
    purchases = Counter(
        (event.customer_id, item.product_id) for event in shop.events if isinstance(event, Purchase) for item in event.items
    )

    rebought = Counter(categories[product_id] for (_, product_id), times in purchases.items() if times > 1)

    assert {category for category, _ in rebought.most_common(2)} == {"food/coffee", "food/dog food"}


@pytest.fixture
async def loaded(repository):
    await load_demo_shop(repository, demo_shop(now=NOW), now=NOW)
    await train(repository, now=NOW, budget=TuningBudget(trials=0))
    return repository


async def test_a_camper_gets_outdoor_products_and_all_segments_occur(loaded):
    recommendations = await current_list(loaded, "demo-1", now=NOW, reuse_seconds=0)
    segments = Counter()
    for number in range(1, 101):
        segments[segment_of((await loaded.customer_state(f"demo-{number}")).segment_inputs)[0]] += 1

    assert recommendations.strategy == "personalised"
    assert sum(item.category.startswith("outdoor/") for item in recommendations.items) >= 8
    assert set(segments) == set(SEGMENTS)


async def test_training_detects_the_rebought_categories(loaded):
    model = await loaded.current_model()

    assert set(model.rebuy_days) == {"food/coffee", "food/dog food"}
    assert all(10 <= days <= 18 for days in model.rebuy_days.values())


async def test_loading_the_same_shop_again_changes_nothing(loaded):
    before = await loaded.summary()

    await load_demo_shop(loaded, demo_shop(now=NOW), now=NOW)

    assert await loaded.summary() == before


async def test_an_empty_database_is_loaded_and_trained_with_progress_messages(repository):
    messages = []

    await prepare_demo_shop(repository, write=messages.append)

    summary = await repository.summary()
    assert summary.model_id != "untrained"
    loading, loaded, training, trained = messages
    assert (
        loading == f"Loading the demo shop: {summary.n_products} products, 500 customers, {summary.n_events:,} events ... "
    )
    assert training == "Training ... "
    assert all(message.startswith("done in ") and message.endswith(" s\n") for message in (loaded, trained))


async def test_a_database_with_products_is_left_unchanged(repository, now):
    await repository.put_products([ProductChange(product_id="p-1")], now=now)

    await prepare_demo_shop(repository)

    summary = await repository.summary()
    assert (summary.n_products, summary.model_id) == (1, "untrained")
