"""What every repository does with a person's data as a whole, and with events that are too old to keep."""

from datetime import timedelta

import pytest

from domain.customers import Address, CustomerChange, NewCustomer
from domain.errors import CustomerExists, CustomerNotFound
from domain.interactions import BrowsingEvent, OrderItem, Purchase
from domain.products import ProductChange
from infra.serving import current_list

ADDRESS = Address(kind="shipping", line1="Elm 1", city="Bern", postal_code="3000", country="CH")


@pytest.fixture
async def shop(repository, now):
    """Make a shop with a person who did everything that there is to do, and another."""
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(5)], now=now)
    for name in ("ada", "bob"):
        new = NewCustomer(customer_id=name, email=f"{name}@example.com", first_name=name, segment="Premium")
        await repository.create_customer(new, now=now)
    await repository.add_addresses("ada", [ADDRESS])
    view = BrowsingEvent(customer_id="ada", product_id="p-1", dwell_seconds=1.5, event_id="e-1")
    items = (OrderItem(product_id="p-2"), OrderItem(product_id="p-3", quantity=2, unit_price=4.0))
    order = Purchase(customer_id="ada", order_id="o-1", items=items, occurred_at=now - timedelta(days=1))
    await repository.record([view, order], now=now)
    await current_list(repository, "ada", now=now, reuse_seconds=60)
    return repository


async def test_an_export_has_everything_that_was_stored(shop, now):
    exported = await shop.export("ada")

    assert exported.customer == (await shop.profile("ada")).customer
    assert [address.line1 for address in exported.addresses] == ["Elm 1"]
    [view] = exported.browsing
    assert (view.event_id, view.product_id, view.event_type, view.dwell_seconds) == ("e-1", "p-1", "view", 1.5)
    assert view.occurred_at == now
    [order] = exported.purchases
    assert (order.order_id, order.currency, order.occurred_at) == ("o-1", "EUR", now - timedelta(days=1))
    assert [(item.product_id, item.quantity, item.unit_price) for item in order.items] == [("p-2", 1, 2.5), ("p-3", 2, 4.0)]
    assert exported.recommendations == await shop.stored_list("ada")


async def test_an_export_tells_orders_of_one_moment_apart_and_prices_that_nobody_knows(shop, now):
    await shop.put_products([ProductChange(product_id="free")], now=now)
    events = [Purchase(customer_id="bob", order_id=name, items=(OrderItem(product_id="free"),)) for name in ("o-3", "o-2")]
    await shop.record(events, now=now)

    exported = await shop.export("bob")

    assert [order.order_id for order in exported.purchases] == ["o-2", "o-3"]
    assert exported.purchases[0].items[0].unit_price is None
    assert (exported.addresses, exported.browsing, exported.recommendations) == ([], [], None)


async def test_an_erased_customer_is_not_found_by_anything(shop, now):
    await shop.erase("ada")

    view = BrowsingEvent(customer_id="ada", product_id="p-1")
    for asking in (
        shop.profile("ada"), shop.evidence("ada"), shop.stored_list("ada"), shop.stored_beginning("ada"),
        shop.export("ada"), shop.erase("ada"), shop.add_addresses("ada", [ADDRESS]), shop.record([view], now=now),
    ):  # fmt: skip
        with pytest.raises(CustomerNotFound):
            await asking
    assert (await shop.profile("bob")).customer.first_name == "bob"


async def test_what_was_never_there_cannot_be_erased(shop):
    with pytest.raises(CustomerNotFound):
        await shop.erase("nobody")
    await shop.erase("ada")
    with pytest.raises(CustomerNotFound):
        await shop.erase("nobody")


async def test_an_erased_customer_cannot_be_brought_back(shop, now):
    await shop.erase("ada")

    with pytest.raises(CustomerExists):
        await shop.create_customer(NewCustomer(customer_id="ada"), now=now)
    customers = await shop.put_customers([CustomerChange(customer_id=name) for name in ("ada", "bob", "new")], now=now)
    events = await shop.put_events(
        [BrowsingEvent(customer_id=name, product_id="p-1", event_id=f"late-{name}") for name in ("ada", "bob", "newer")],
        create_products=False,
        now=now,
    )

    assert [(one.status, one.field, one.reason) for one in (customers[0], events[0])] == [
        ("refused", "customer_id", "erased")
    ] * 2
    assert [one.status for one in (*customers[1:], *events[1:])] == ["unchanged", "new", "new", "new"]
    with pytest.raises(CustomerNotFound):
        await shop.profile("ada")


async def test_what_an_erased_customer_had_to_themselves_is_free_again(shop, now):
    await shop.erase("ada")

    await shop.create_customer(NewCustomer(customer_id="eve", email="ADA@example.com"), now=now)
    recorded = await shop.record([BrowsingEvent(customer_id="eve", product_id="p-4", event_id="e-1")], now=now)

    assert recorded.accepted.browsing == 1


async def test_a_list_that_was_on_its_way_is_not_kept_of_an_erased_customer(shop, now):
    await shop.erase("bob")
    with pytest.raises(CustomerNotFound):
        await shop.stored_list("bob")

    class Late:
        def __getattr__(self, name):
            return getattr(shop, name)

        async def store_list(self, stored):
            await shop.erase("ada")
            await shop.store_list(stored)

    made = await current_list(Late(), "ada", now=now, reuse_seconds=0)

    assert made.items
    with pytest.raises(CustomerNotFound):
        await shop.export("ada")


async def test_old_events_go_and_lists_that_rested_on_them_are_stale(shop, now):
    before = (await shop.evidence("ada")).versions

    n_purged = [await shop.purge_events(before=now - timedelta(hours=1)) for _ in range(2)]

    assert n_purged == [2, 0]
    assert [len(kept) for kept in ((await shop.export("ada")).browsing, (await shop.export("ada")).purchases)] == [1, 0]
    assert (await shop.evidence("ada")).versions.customer == before.customer + 1
    assert await shop.stored_list("ada") is None
    assert (await shop.profile("ada")).activity.orders == 0


async def test_many_old_events_go_in_batches(shop, now):
    for first in range(0, 1200, 400):
        events = [
            BrowsingEvent(customer_id=f"c-{n}", product_id="p-1", occurred_at=now - timedelta(days=9), event_id=f"old-{n}")
            for n in range(first, first + 400)
        ]
        await shop.put_events(events, create_products=False, now=now)

    n_purged = [await shop.purge_events(before=now - timedelta(days=2)) for _ in range(4)]

    assert n_purged == [500, 500, 200, 0]
    assert (await shop.summary()).n_events == 3
