"""The demo shop in a database of each kind, trained; it is loaded once for all tests."""

from collections import Counter
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from domain.records.customers import SEGMENTS, segment_of
from infra.demo import demo_shop, load_demo_shop
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.recommend import current_list
from infra.use_cases.train import TuningBudget, train
from tests import postgres
from tests.conftest import NOW
from tests.infra.demo.conftest import CONSUMABLES

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgres"])
async def loaded(request, tmp_path_factory, shop):
    async with AsyncExitStack() as stack:
        if request.param == "postgres":
            url = await stack.enter_async_context(postgres.new_database(request.getfixturevalue("postgres_server")))
        else:
            url = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'shop.db'}"
        repository = await stack.enter_async_context(open_repository(Settings(database_url=url)))
        await load_demo_shop(repository, shop, now=NOW)
        await train(repository, now=NOW, budget=TuningBudget(trials=0))
        yield repository


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

    assert set(model.rebuy_days) == CONSUMABLES
    assert 10 <= model.rebuy_days["food/coffee"] <= 18
    assert 16 <= model.rebuy_days["food/dog food"] <= 30
    assert 24 <= model.rebuy_days["home/laundry"] <= 42


async def test_returned_products_are_taken_from_their_orders(loaded, shop):
    back = shop.returns[0]

    exported = await loaded.export(back.customer_id)

    kept = [item.product_id for order in exported.purchases if order.order_id == back.order_id for item in order.items]
    assert set(kept).isdisjoint(back.quantities())
    assert back.return_id in {stored.return_id for stored in exported.returns}


async def test_loading_the_same_shop_again_changes_nothing(loaded):
    before = await loaded.summary()

    await load_demo_shop(loaded, demo_shop(now=NOW), now=NOW)

    assert await loaded.summary() == before
