"""What lists about products read, in every repository."""

import pytest

from domain.errors import ProductNotFound
from domain.ranking.model import UNTRAINED, Model, ProductActivity, TrainedModel
from domain.ranking.packing import pack
from domain.records.products import ProductChange
from infra.storage.sql.statements import rows
from tests.domain.shop import neighbour_lists


@pytest.fixture
async def shop(repository, now):
    changes = [ProductChange(product_id=f"p-{n}", aliases=(f"SKU {n}",)) for n in range(3)]
    await repository.put_products(changes, now=now)
    return repository


async def test_products_are_found_by_ids_and_aliases_each_once_and_in_their_order(shop):
    state = await shop.seed_state(["p-2", "nothing", "SKU 0", "p-0", "SKU 2"])

    assert state.product_indexes == [2, 0]
    assert state.shop.model is UNTRAINED
    with pytest.raises(ProductNotFound):
        await shop.seed_state(["nothing", "no more"])


async def test_the_state_names_the_model_and_the_version_of_the_catalogue(shop, now):
    before = await shop.seed_state(["p-0"])
    await shop.save_model(TrainedModel(model=Model(model_id="m-1", trained_at=5), neighbours=[]))
    await shop.put_products([ProductChange(product_id="p-1", price=2.0)], now=now)

    state = await shop.seed_state(["p-0"])

    assert (state.shop.model.model_id, state.shop.model.trained_at) == ("m-1", 5)
    assert state.shop.catalogue_version == before.shop.catalogue_version + 1


async def test_complements_are_stored_with_their_model(shop):
    lists = [neighbour_lists(0, completing=[(1, 0.5)]), neighbour_lists(1, bought=[(0, 0.5)]), neighbour_lists(2)]
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=lists))

    assert await shop.complements("m-1", [0, 1, 2, 7]) == {0: pack([1], [0.5])}
    assert await shop.complements("m-2", [0]) == {}


async def test_a_model_of_before_has_no_complements(shop):
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=[neighbour_lists(0)]))
    await shop.engine.write(_as_before)

    assert await shop.complements("m-1", [0]) == {}


async def test_activity_is_read_by_measure_and_days_and_stored_with_its_model(shop):
    days = [
        ProductActivity(measure=measure, age_days=age_days, products=pack([age_days], [float(len(measure))]))
        for measure, age_days in (("buyers", 0), ("buyers", 6), ("buyers", 7), ("visitors", 3), ("rising", 0))
    ]
    await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=[], activity=days))

    assert sorted(await shop.activity("m-1", "buyers", days=7)) == sorted([days[0].products, days[1].products])
    assert await shop.activity("m-1", "visitors", days=3) == []
    assert await shop.activity("m-1", "rising", days=1) == [days[4].products]
    assert await shop.activity("m-2", "buyers", days=365) == []
    assert (await shop.list_state()).model.model_id == "m-1"


def _as_before():
    yield from rows("UPDATE product_neighbours SET complements = NULL")
