"""How few statements a list and a summary need: over a network, every statement is a round trip."""

import pytest

from domain.ranking.model import Model, NeighbourLists, TrainedModel
from domain.ranking.packing import pack
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.use_cases.recommend import current_list, fresh_list
from tests.infra.storage.postgres.conftest import open_shop

N_PRODUCTS = 120
MANY_NEIGHBOURS = NeighbourLists(
    product_index=1,
    bought_together=pack(range(2, N_PRODUCTS), [1.0] * (N_PRODUCTS - 2)),
    viewed_together=b"",
    similar_product=b"",
)


@pytest.mark.parametrize(
    ("neighbours", "n_after_a_change"),
    [([MANY_NEIGHBOURS], 4), ([], 4)],
    ids=["enough neighbours", "filled up with the newest products"],
)
async def test_a_fresh_list_needs_few_statements_and_a_stored_one_needs_one(
    sent, postgres_url, now, neighbours, n_after_a_change
):
    async with open_shop(postgres_url, size=1) as shop:
        await shop.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await shop.put_products([ProductChange(product_id=f"p-{n}") for n in range(N_PRODUCTS)], now=now)
        await shop.record([BrowsingEvent(customer_id="c-1", product_id="p-1")], now=now)
        # An untrained shop also reads what is popular.
        await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=neighbours))
        # A connection reads the types of a statement when it first prepares it.
        await fresh_list(shop, "c-1", now=now)
        sent.clear()
        await fresh_list(shop, "c-1", now=now)
        n_cached = len(sent)
        assert (await current_list(shop, "c-1", now=now, reuse_seconds=60)).cached
        n_stored = len(sent) - n_cached
        await shop.put_products([ProductChange(product_id="p-1", name="New")], now=now)
        sent.clear()
        await fresh_list(shop, "c-1", now=now)

    # The customer and the list are all that is read and written while products are cached; after a change of the catalogue
    # also which products changed.
    assert (n_cached, n_stored, len(sent)) == (2, 1, n_after_a_change)


async def test_slow_counts_are_cached_for_a_while(shop, now, monkeypatch):
    monkeypatch.setattr("infra.storage.sql.summary_tables.LONG_COUNT_SECONDS", 0.0)

    before = await shop.summary()
    await shop.put_products([ProductChange(product_id="late")], now=now)

    assert await shop.summary() == before
