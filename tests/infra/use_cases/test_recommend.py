"""A list that is made while its event is recorded is never stored for an event that was not."""

import asyncio

import pytest

from domain.errors import CustomerNotFound, StoreUnavailable
from domain.ranking.model import Model, TrainedModel
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.storage.sqlite import open_sqlite
from infra.use_cases.recommend import fresh_list, recorded_list
from tests.answers import places_of, without_id
from tests.infra.storage.sqlite.conftest import insert_customer

VIEW = BrowsingEvent(customer_id="c-1", product_id="p-0")


@pytest.fixture
async def untrained_shop(database, now):
    async with open_sqlite(database, currency="EUR") as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", category="a") for n in range(3)], now=now)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await repository.customer_state("c-1")
        yield repository


@pytest.fixture
async def shop(untrained_shop):
    await untrained_shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=[]))
    return untrained_shop


async def stored_places(shop, customer_id):
    stored, _ = await shop.stored_list(customer_id, length=10)
    return places_of(stored)


async def test_the_popularity_of_an_untrained_shop_counts_the_recorded_event(untrained_shop, now):
    made = await recorded_list(untrained_shop, VIEW, now=now)

    assert without_id(made) == without_id(await fresh_list(untrained_shop, "c-1", now=now))
    assert "popular" in {reason.source for item in made.items for reason in item.reasons}


async def test_a_list_that_was_made_while_its_event_was_recorded_is_stored(shop, now):
    made = await recorded_list(shop, VIEW, now=now)

    assert made.items
    assert await stored_places(shop, "c-1") == places_of(made)


async def test_a_list_is_not_stored_if_the_event_is_not_recorded_in_the_end(shop, now, monkeypatch):
    async def fail_after(prepare, events, *, now, create_products):
        await prepare(await shop.record(events, now=now))
        raise StoreUnavailable("The disk is full.")

    monkeypatch.setattr(shop, "record_while", fail_after)

    with pytest.raises(StoreUnavailable):
        await recorded_list(shop, VIEW, now=now)
    assert await shop.stored_list("c-1", length=10) is None


async def test_a_list_is_of_the_event_that_was_recorded_in_the_end(shop, now):
    made, failed = await asyncio.gather(
        recorded_list(shop, VIEW, now=now),
        shop.engine.write(insert_customer, 2, failing="after"),
        return_exceptions=True,
    )

    assert isinstance(failed, CustomerNotFound)
    assert await stored_places(shop, "c-1") == places_of(made)
    assert (await shop.customer_state("c-1")).version == 1


async def test_a_customer_without_a_packed_history_gets_a_list_too(shop, now):
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)

    made = await recorded_list(shop, BrowsingEvent(customer_id="c-2", product_id="p-0"), now=now)

    assert places_of(made) == await stored_places(shop, "c-2")
