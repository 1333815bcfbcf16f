"""The status of a product, and counts of what weakens lists, in every repository."""

from datetime import timedelta

import pytest

from domain.errors import ProductNotFound
from domain.ports.diagnosis import DataCounts, Share
from domain.ranking.model import UNTRAINED, Model, TrainedModel
from domain.records.customers import NewCustomer
from domain.records.imports import ImportRecord
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.values import to_microseconds
from infra.storage.sql import data_counts


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(
        [
            ProductChange(product_id="p-1", name="Tent", category="outdoor", price=9.0, aliases=("SKU 1",)),
            ProductChange(product_id="p-2", name="Stove", price=9.0, in_stock=False),
            ProductChange(product_id="p-3", name="Lamp", category="outdoor", withdrawn=True),
            ProductChange(product_id="p-4", category="outdoor", created_at=now - timedelta(days=3)),
        ],
        now=now,
    )
    return repository


async def fill(shop, now):
    for name in ("c-1", "c-2", "c-3"):
        await shop.create_customer(NewCustomer(customer_id=name), now=now)
    items = [OrderItem(product_id=name) for name in ("p-1", "p-2")]
    one_hour = timedelta(hours=1)
    await shop.record(
        [
            Purchase(customer_id="c-1", order_id="o-1", items=tuple(items), occurred_at=now - 3 * one_hour),
            Purchase(customer_id="c-1", order_id="o-2", items=(items[0],), occurred_at=now - 2 * one_hour),
            BrowsingEvent(customer_id="c-1", product_id="p-1", occurred_at=now - 2 * one_hour),
            BrowsingEvent(customer_id="c-1", product_id="p-1", event_type="cart", occurred_at=now - one_hour),
        ],
        now=now,
    )
    await shop.record([BrowsingEvent(customer_id="c-2", product_id="p-2", occurred_at=now - 4 * one_hour)], now=now)
    await shop.record(
        [BrowsingEvent(customer_id="g-1", product_id="p-2", guest=True, occurred_at=now - 4 * one_hour)], now=now
    )
    gift = Purchase(customer_id="c-2", order_id="o-3", items=(OrderItem(product_id="gift"),), occurred_at=now - 5 * one_hour)
    await shop.record([gift], now=now, create_products=True)


async def test_a_product_has_the_status_of_the_catalogue(shop, now):
    await fill(shop, now)

    found = {name: await shop.product_status(name) for name in ("p-1", "p-2", "p-3", "gift")}

    assert {name: (one.in_stock, one.withdrawn, one.listed) for name, one in found.items()} == {
        "p-1": (True, False, True),
        "p-2": (False, False, True),
        "p-3": (True, True, True),
        "gift": (True, True, False),
    }
    assert [found[name].product_index for name in ("p-1", "p-2", "p-3")] == [0, 1, 2]


async def test_a_product_is_found_by_an_alias_and_an_unknown_one_is_not(shop):
    assert (await shop.product_status("SKU 1")).product_id == "p-1"
    with pytest.raises(ProductNotFound):
        await shop.product_status("nothing")


async def test_an_empty_shop_counts_nothing(repository):
    assert await repository.data_counts() == DataCounts(model=UNTRAINED)


async def test_counts_are_those_of_the_rows(shop, now):
    await fill(shop, now)
    await shop.begin_import(ImportRecord(import_id="i", started_at=now, kind="products"))
    await shop.finish_import("i", {"refused": 1, "new": 2}, now=now)

    counts = await shop.data_counts()

    assert counts == DataCounts(
        model=UNTRAINED,
        unlisted=Share(1, 5),
        without_category=Share(1, 4),
        without_price=Share(2, 4),
        without_name=Share(1, 4),
        without_picture=Share(4, 4),
        refused_lines=Share(1, 3),
        # p-1 and p-4 are available, and events name p-1.
        touched=Share(1, 2),
        single_item_orders=Share(2, 3),
        silent_customers=Share(1, 3),
        n_guests=1,
        n_recent_events=8,
        n_untrained=8,
        newest_view_at=to_microseconds(now - timedelta(hours=2)),
        newest_order_at=to_microseconds(now - timedelta(hours=2)),
        first_created_at=to_microseconds(now - timedelta(days=3)),
        last_created_at=to_microseconds(now),
    )


async def test_events_that_are_newer_than_the_model_are_untrained(shop, now):
    await fill(shop, now)
    model = Model(model_id="m-1", newest_event_at=to_microseconds(now - timedelta(hours=3)))
    await shop.save_model(TrainedModel(model=model, neighbours=[]))

    counts = await shop.data_counts()

    # An order with one item, a view and a cart.
    assert (counts.model, counts.n_untrained) == (model, 3)


async def test_large_shops_are_counted_by_samples(shop, now, monkeypatch):
    await fill(shop, now)
    monkeypatch.setattr(data_counts, "MAX_PRODUCTS", 2)
    monkeypatch.setattr(data_counts, "MAX_EVENTS", 1)
    monkeypatch.setattr(data_counts, "MAX_UNTRAINED", 2)
    monkeypatch.setattr(data_counts, "MAX_CUSTOMERS", 2)

    counts = await shop.data_counts()

    assert (counts.unlisted, counts.without_name) == (Share(1, 2), Share(1, 1))
    # The cart is newer than any view.
    assert (counts.newest_view_at, counts.n_recent_events, counts.n_untrained) == (None, 2, 4)
    assert counts.single_item_orders == Share(1, 1)
    # The lowest and the highest id.
    assert counts.silent_customers == Share(1, 2)
