"""Export, erasure and the purge of old events, in every repository."""

from datetime import timedelta

import pytest

from domain.errors import CustomerExists, CustomerNotFound
from domain.records.customers import Address, CustomerChange, NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sql import large_erasures
from infra.storage.sql.statements import rows
from infra.use_cases.recommend import current_list
from tests.answers import places_of
from tests.imports import as_imported

ADDRESS = Address(kind="shipping", line1="Canary 1", city="Canaryville", postal_code="CANARY-3000", country="CH")


@pytest.fixture
async def shop(repository, now):
    """Return a shop with a customer who used everything, and another customer."""
    await repository.put_products(
        [ProductChange(product_id=f"p-{n}", price=2.5, category="home") for n in range(5)], now=now
    )
    for name in ("canary", "canary-bob"):
        new = NewCustomer(customer_id=name, email=f"{name}@canary.com", first_name=name, segment="Premium")
        await repository.create_customer(new, now=now)
    await repository.add_addresses("canary", [ADDRESS])
    view = BrowsingEvent(customer_id="canary", product_id="p-1", dwell_seconds=1.5, event_id="e-1")
    items = (OrderItem(product_id="p-2"), OrderItem(product_id="p-3", quantity=2, unit_price=4.0))
    order = Purchase(customer_id="canary", order_id="o-1", items=items, occurred_at=now - timedelta(days=1))
    await repository.record([view, order], now=now)
    await current_list(repository, "canary", now=now, reuse_seconds=60)
    return repository


def causes_of(recommendations):
    """Return the products that reasons of a list name."""
    return {reason.product_id for item in recommendations.items for reason in item.reasons}


async def test_an_export_contains_everything_stored(shop, now):
    exported = await shop.export("canary")

    assert exported.customer == (await shop.profile("canary")).customer
    assert [address.line1 for address in exported.addresses] == ["Canary 1"]
    [view] = exported.browsing
    assert (view.event_id, view.product_id, view.event_type, view.dwell_seconds) == ("e-1", "p-1", "view", 1.5)
    assert view.occurred_at == now
    [order] = exported.purchases
    assert (order.order_id, order.currency, order.occurred_at) == ("o-1", "EUR", now - timedelta(days=1))
    assert [(item.product_id, item.quantity, item.unit_price) for item in order.items] == [("p-2", 1, 2.5), ("p-3", 2, 4.0)]
    stored, _ = await shop.stored_list("canary", length=10)
    assert places_of(exported.recommendations) == places_of(stored)


async def test_an_export_separates_orders_of_the_same_moment_and_has_unknown_prices_as_null(shop, now):
    await shop.put_products([ProductChange(product_id="free")], now=now)
    events = [
        Purchase(customer_id="canary-bob", order_id=name, items=(OrderItem(product_id="free"),)) for name in ("o-3", "o-2")
    ]
    await shop.record(events, now=now)

    exported = await shop.export("canary-bob")

    assert [order.order_id for order in exported.purchases] == ["o-2", "o-3"]
    assert exported.purchases[0].items[0].unit_price is None
    assert (exported.addresses, exported.browsing, exported.recommendations) == ([], [], None)


async def test_every_call_for_an_erased_customer_raises_customer_not_found(shop, now):
    await shop.erase("canary")

    view = BrowsingEvent(customer_id="canary", product_id="p-1")
    for call in (
        shop.profile("canary"), shop.customer_state("canary"), shop.stored_list("canary", length=1), shop.export("canary"),
        shop.erase("canary"), shop.add_addresses("canary", [ADDRESS]), shop.record([view], now=now),
    ):  # fmt: skip
        with pytest.raises(CustomerNotFound):
            await call
    assert (await shop.profile("canary-bob")).customer.first_name == "canary-bob"


async def test_an_unknown_customer_cannot_be_erased(shop):
    with pytest.raises(CustomerNotFound):
        await shop.erase("nobody")
    await shop.erase("canary")
    with pytest.raises(CustomerNotFound):
        await shop.erase("nobody")


async def test_most_events_of_a_customer_who_has_many_go_in_earlier_transactions(shop, now, monkeypatch):
    monkeypatch.setattr(large_erasures, "MAX_ROWS_PER_TRANSACTION", 3)
    views = [BrowsingEvent(customer_id="canary", product_id="p-1", event_id=f"e-2-{n}") for n in range(5)]
    await shop.record(views, now=now)

    left = []
    while await shop.engine.look_up(large_erasures.has_many_events, "canary"):
        await shop.engine.write(large_erasures.delete_some_events, "canary")
        exported = await shop.export("canary")
        left.append((len(exported.browsing), sum(len(order.items) for order in exported.purchases)))
        assert exported.recommendations is None
        await current_list(shop, "canary", now=now, reuse_seconds=60)

    # Of 6 views and 2 items.
    assert left == [(3, 2), (0, 2)]
    # Another erasure of the same customer may have been faster.
    await shop.engine.write(large_erasures.delete_some_events, "canary")
    assert (await shop.export("canary")).purchases == []
    await shop.erase("canary")
    with pytest.raises(CustomerNotFound):
        await shop.profile("canary")


async def test_events_that_arrive_during_an_erasure_are_erased_too(shop, now, monkeypatch):
    monkeypatch.setattr(large_erasures, "MAX_ROWS_PER_TRANSACTION", 2)
    await shop.engine.write(large_erasures.delete_some_events, "canary")
    await shop.record([BrowsingEvent(customer_id="canary", product_id="p-4", event_id=f"e-{n}") for n in range(9)], now=now)

    await shop.erase("canary")

    assert await shop.engine.look_up(rows, "SELECT 1 FROM browsing_history WHERE customer_id = 'canary'") == []
    with pytest.raises(CustomerNotFound):
        await shop.record([BrowsingEvent(customer_id="canary", product_id="p-4")], now=now)


async def test_an_erased_customer_cannot_be_created_again(shop, now):
    await shop.erase("canary")

    with pytest.raises(CustomerExists):
        await shop.create_customer(NewCustomer(customer_id="canary"), now=now)
    customers = await shop.put_customers(
        [CustomerChange(customer_id=name) for name in ("canary", "canary-bob", "new")], now=now
    )
    events = await shop.put_events(
        as_imported(
            [
                BrowsingEvent(customer_id=name, product_id="p-1", event_id=f"late-{name}")
                for name in ("canary", "canary-bob", "newer")
            ]
        ),
        create_products=False,
        now=now,
    )

    for outcome in (customers[0], events[0]):
        assert (outcome.status, outcome.field, outcome.reason) == ("refused", "customer_id", "erased")
    assert [outcome.status for outcome in (*customers[1:], *events[1:])] == ["unchanged", "new", "new", "new"]
    with pytest.raises(CustomerNotFound):
        await shop.profile("canary")


async def test_the_e_mail_address_and_event_ids_of_an_erased_customer_can_be_used_again(shop, now):
    await shop.erase("canary")

    await shop.create_customer(NewCustomer(customer_id="canary-eve", email="CANARY@example.com"), now=now)
    recorded = await shop.record([BrowsingEvent(customer_id="canary-eve", product_id="p-4", event_id="e-1")], now=now)

    assert recorded.accepted.browsing == 1


async def test_a_list_computed_before_an_erasure_is_not_stored_after_it(shop, now):
    await shop.erase("canary-bob")
    with pytest.raises(CustomerNotFound):
        await shop.stored_list("canary-bob", length=10)

    class EraseBeforeStoring:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def store_list(self, stored):
            await shop.erase("canary")
            await shop.store_list(stored)

    answer = await current_list(EraseBeforeStoring(), "canary", now=now, reuse_seconds=0)

    assert answer.items
    with pytest.raises(CustomerNotFound):
        await shop.export("canary")


async def test_a_list_computed_before_a_purge_is_not_stored_after_it(shop, now):
    class PurgeBeforeStoring:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def store_list(self, stored):
            assert "p-2" in causes_of(stored.ranked)
            assert await shop.purge_events(before=now - timedelta(hours=1)) == 2
            await shop.store_list(stored)

    await current_list(PurgeBeforeStoring(), "canary", now=now, reuse_seconds=0)

    assert (await shop.export("canary")).recommendations is None


async def test_a_purge_deletes_old_events_and_the_lists_computed_from_them(shop, now):
    await current_list(shop, "canary-bob", now=now, reuse_seconds=60)
    before = await shop.customer_state("canary")
    assert "p-2" in causes_of((await shop.export("canary")).recommendations)

    n_purged = [await shop.purge_events(before=now - timedelta(hours=1)) for _ in range(2)]

    assert n_purged == [2, 0]
    exported = await shop.export("canary")
    assert (len(exported.browsing), len(exported.purchases)) == (1, 0)
    assert (await shop.customer_state("canary")).version == before.version + 1
    assert await shop.stored_list("canary", length=1) is None
    assert (await shop.export("canary")).recommendations is None
    assert (await shop.export("canary-bob")).recommendations is not None
    assert (await shop.profile("canary")).activity.orders == 0


async def test_a_purge_deletes_many_events_in_batches(shop, now):
    for first in range(0, 1200, 400):
        events = [
            BrowsingEvent(customer_id=f"c-{n}", product_id="p-1", occurred_at=now - timedelta(days=9), event_id=f"old-{n}")
            for n in range(first, first + 400)
        ]
        await shop.put_events(as_imported(events), create_products=False, now=now)

    n_purged = [await shop.purge_events(before=now - timedelta(days=2)) for _ in range(6)]

    assert n_purged == [250, 250, 250, 250, 200, 0]
    assert (await shop.summary()).n_events == 3
