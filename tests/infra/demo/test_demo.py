"""The demo shop looks like a shop."""

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from domain.records.customers import SEGMENTS, CustomerChange, segment_of
from domain.records.interactions import BrowsingEvent, Purchase
from domain.records.products import ProductChange
from infra.demo import demo_shop, load_demo_shop
from infra.use_cases.recommend import current_list
from infra.use_cases.train import TuningBudget, train
from tests.conftest import NOW


@pytest.fixture(scope="module")
def shop():
    return demo_shop(now=NOW)


def test_it_has_enough_of_everything(shop):
    n_events = sum(len(event.items) if isinstance(event, Purchase) else 1 for event in shop.events)

    assert len(shop.products) >= 300
    assert len({product.name for product in shop.products}) == len(shop.products)
    assert len({product.category for product in shop.products}) >= 12
    assert [customer.customer_id for customer in shop.customers] == [f"demo-{number}" for number in range(1, 501)]
    assert 20_000 <= n_events < 21_000


def test_its_events_lie_in_the_90_days_that_end_now(shop):
    assert all(NOW - timedelta(days=90) <= event.occurred_at <= NOW for event in shop.events)


def test_everyone_did_something(shop):
    assert {event.customer_id for event in shop.events} == {customer.customer_id for customer in shop.customers}


def test_the_same_seed_makes_the_same_shop(shop):
    assert demo_shop(now=NOW) == shop
    assert demo_shop(now=NOW, seed=8) != shop


@pytest.mark.parametrize(
    ("part", "kinds"),
    [("products", (ProductChange,)), ("customers", (CustomerChange,)), ("events", (BrowsingEvent, Purchase))],
)
def test_everything_in_it_would_pass_over_http(shop, part, kinds):
    for record in getattr(shop, part):
        assert type(record) in kinds
        assert msgspec.json.decode(msgspec.json.encode(record), type=type(record), strict=True) == record


def test_consumables_are_bought_again(shop):
    categories = {product.product_id: product.category for product in shop.products}
    bought = Counter(
        (event.customer_id, item.product_id) for event in shop.events if isinstance(event, Purchase) for item in event.items
    )

    again = Counter(categories[product_id] for (_, product_id), times in bought.items() if times > 1)

    assert {category for category, _ in again.most_common(2)} == {"food/coffee", "food/dog food"}


@pytest.fixture
async def loaded(repository):
    await load_demo_shop(repository, now=NOW)
    await train(repository, now=NOW, budget=TuningBudget(trials=0))
    return repository


async def test_lists_on_it_look_right_to_a_person(loaded, shop):
    made = await current_list(loaded, "demo-1", now=NOW, reuse_seconds=0)
    segments = Counter()
    for number in range(1, 101):
        segments[segment_of((await loaded.ranking_inputs(f"demo-{number}")).segment_inputs)[0]] += 1

    assert made.strategy == "personalised"
    assert sum(item.category.startswith("outdoor/") for item in made.items) >= 8
    assert set(segments) == set(SEGMENTS)


async def test_training_finds_what_is_rebought(loaded):
    inputs = await loaded.ranking_inputs("demo-1")

    assert set(inputs.model.rebuy_days) == {"food/coffee", "food/dog food"}
    assert all(10 <= days <= 18 for days in inputs.model.rebuy_days.values())


async def test_loading_it_again_changes_nothing(loaded):
    before = await loaded.summary()

    await load_demo_shop(loaded, now=NOW)

    assert await loaded.summary() == before
