"""Corrections of customers, addresses and orders, in every repository."""

from datetime import timedelta

import pytest

from domain.errors import AddressNotFound, CustomerNotFound, EmailTaken, EventIdReused, MoreThanBought, OrderNotFound
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import RETURNED
from domain.records.amendments import OrderAmendment, RemainingItem
from domain.records.customers import Address, CustomerUpdate, NewCustomer
from domain.records.imports import ImportedEvent, OrderReturn, ReturnedItem
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.values import to_microseconds
from tests.imports import as_imported


def address(line1, **values):
    common = {"kind": "shipping", "city": "Canaryville", "postal_code": "CANARY-3000", "country": "CH"}
    return Address(line1=line1, **common | values)


def lines(addresses):
    return [(one.line1, one.is_default) for one in addresses]


def order(*items, order_id="o-1", customer_id="c-1", **values):
    bought = tuple(OrderItem(product_id=product_id, quantity=n) for product_id, n in items)
    return Purchase(customer_id=customer_id, order_id=order_id, items=bought, **values)


def amendment(*items, order_id="o-1", customer_id="c-1"):
    left = tuple(RemainingItem(product_id=product_id, quantity=n) for product_id, n in items)
    return OrderAmendment(customer_id=customer_id, order_id=order_id, items=left)


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(
        [ProductChange(product_id=f"p-{n}", price=2.5, currency="EUR") for n in (1, 2, 3)], now=now
    )
    await repository.create_customer(
        NewCustomer(customer_id="c-1", email="canary@a.com", phone="canary-123", segment="Premium"), now=now
    )
    return repository


async def kept(shop, customer_id="c-1"):
    exported = await shop.export(customer_id)
    return {one.order_id: [(item.product_id, item.quantity) for item in one.items] for one in exported.purchases}


async def bought_at(shop, customer_id="c-1"):
    """Return when the customer bought each product, by product index."""
    history = unpack_history((await shop.customer_state(customer_id)).history)
    return dict(zip(history.own.tolist(), history.bought_at.tolist(), strict=True))


async def test_a_customer_is_changed_where_the_update_says_so(shop, now):
    before = (await shop.customer_state("c-1")).version

    changed = await shop.update_customer(CustomerUpdate(customer_id="c-1", last_name="Canary", phone=None), now=now)

    assert (changed.email, changed.last_name, changed.phone) == ("canary@a.com", "Canary", None)
    assert (changed.segment, changed.segment_source, changed.profiling) == ("Premium", "assigned", True)
    assert changed == (await shop.profile("c-1")).customer
    assert (await shop.customer_state("c-1")).version == before + 1


async def test_a_cleared_segment_is_computed_again(shop, now):
    await shop.record([order(("p-1", 1)), order(("p-1", 1), order_id="o-2")], now=now)

    changed = await shop.update_customer(CustomerUpdate(customer_id="c-1", segment=None), now=now)

    assert (changed.segment, changed.segment_source) == ("Regular", "computed")


async def test_the_same_update_again_changes_nothing(shop, now):
    update = CustomerUpdate(customer_id="c-1", first_name="Canary")
    first = await shop.update_customer(update, now=now)
    version = (await shop.customer_state("c-1")).version

    assert await shop.update_customer(update, now=now) == first
    assert (await shop.customer_state("c-1")).version == version


async def test_an_update_takes_no_e_mail_address_of_another_and_creates_nobody(shop, now):
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)

    with pytest.raises(EmailTaken):
        await shop.update_customer(CustomerUpdate(customer_id="c-2", email="CANARY@a.com", first_name="Canary"), now=now)
    with pytest.raises(CustomerNotFound):
        await shop.update_customer(CustomerUpdate(customer_id="c-3", first_name="Canary"), now=now)

    assert (await shop.profile("c-2")).customer.first_name is None
    with pytest.raises(CustomerNotFound):
        await shop.profile("c-3")


async def test_an_erased_customer_cannot_be_corrected(shop, now):
    await shop.record([order(("p-1", 1))], now=now)
    await shop.erase("c-1")

    for correct in (
        lambda: shop.update_customer(CustomerUpdate(customer_id="c-1", first_name="Canary"), now=now),
        lambda: shop.remove_address("c-1", "a-1"),
        lambda: shop.amend_order(amendment()),
    ):
        with pytest.raises(CustomerNotFound):
            await correct()


async def test_a_removed_default_passes_to_the_first_address_of_its_kind(shop):
    stored = await shop.add_addresses(
        "c-1",
        [
            address("Canary 1"),
            address("Canary 2"),
            address("Canary 3", is_default=True),
            address("Canary 4", kind="billing"),
        ],
    )

    remaining = await shop.remove_address("c-1", stored[2].address_id)

    assert lines(remaining) == [("Canary 1", True), ("Canary 2", False), ("Canary 4", True)]
    assert (await shop.profile("c-1")).addresses == remaining


async def test_another_default_stays_and_the_last_address_of_a_kind_may_go(shop):
    stored = await shop.add_addresses("c-1", [address("Canary 1"), address("Canary 2"), address("Canary 3", kind="billing")])

    assert lines(await shop.remove_address("c-1", stored[1].address_id)) == [("Canary 1", True), ("Canary 3", True)]
    assert lines(await shop.remove_address("c-1", stored[2].address_id)) == [("Canary 1", True)]


async def test_addresses_that_come_after_a_removal_are_the_last(shop):
    stored = await shop.add_addresses("c-1", [address(f"Canary {n}") for n in range(3)])
    await shop.remove_address("c-1", stored[0].address_id)

    added = await shop.add_addresses("c-1", [address("Canary 9"), address("Canary 8")])

    expected = [("Canary 1", True), ("Canary 2", False), ("Canary 9", False), ("Canary 8", False)]
    assert lines(added) == lines((await shop.profile("c-1")).addresses) == expected


async def test_an_address_that_the_customer_does_not_have_is_not_found(shop, now):
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)
    (stored,) = await shop.add_addresses("c-1", [address("Canary 1")])

    with pytest.raises(AddressNotFound):
        await shop.remove_address("c-2", stored.address_id)
    with pytest.raises(CustomerNotFound):
        await shop.remove_address("c-3", stored.address_id)
    await shop.remove_address("c-1", stored.address_id)
    with pytest.raises(AddressNotFound):
        await shop.remove_address("c-1", stored.address_id)


async def test_an_amended_order_keeps_what_is_left_of_it(shop, now):
    await shop.record([order(("p-1", 2), ("p-2", 1)), order(("p-3", 1), order_id="o-2")], now=now)

    remainder = await shop.amend_order(amendment(("p-1", 1)))

    assert [(item.product_id, item.quantity, item.unit_price) for item in remainder.items] == [("p-1", 1, 2.5)]
    assert {item.product_id: item.quantity for item in remainder.returned} == {"p-1": 1, "p-2": 1}
    assert (remainder.currency, remainder.occurred_at) == ("EUR", now)
    assert await kept(shop) == {"o-1": [("p-1", 1)], "o-2": [("p-3", 1)]}
    activity = (await shop.profile("c-1")).activity
    assert (activity.orders, activity.items_bought, activity.spent) == (2, 2, 5.0)
    (amended,) = (await shop.export("c-1")).amended_orders
    assert (amended.returned, amended.adjusted) == ({}, {"p-1": 1, "p-2": 1})


async def test_a_cancelled_order_is_not_bought_and_cannot_be_sent_again(shop, now):
    await shop.record([order(("p-1", 2))], now=now)

    assert (await shop.amend_order(amendment())).items == []

    assert await kept(shop) == {}
    again = await shop.record([order(("p-1", 2))], now=now)
    assert again.seen_before.purchases == 1
    with pytest.raises(EventIdReused):
        await shop.record([order(("p-1", 1))], now=now)
    assert (await shop.profile("c-1")).activity.orders == 0


async def test_the_same_amendment_again_changes_nothing(shop, now):
    await shop.record([order(("p-1", 2), ("p-2", 1))], now=now)
    assert (await shop.amend_order(amendment(("p-2", 1), ("p-1", 2)))).returned == []
    assert (await shop.export("c-1")).amended_orders == []
    first = await shop.amend_order(amendment(("p-1", 1)))
    version = (await shop.customer_state("c-1")).version

    assert await shop.amend_order(amendment(("p-1", 1))) == first
    assert (await shop.customer_state("c-1")).version == version


async def test_what_went_back_may_be_bought_after_all(shop, now):
    await shop.record([order(("p-1", 2), ("p-2", 1))], now=now)
    await shop.amend_order(amendment())

    await shop.amend_order(amendment(("p-1", 2), ("p-2", 1)))

    assert await kept(shop) == {"o-1": [("p-1", 2), ("p-2", 1)]}
    assert await bought_at(shop) == {0: to_microseconds(now), 1: to_microseconds(now)}
    assert (await shop.export("c-1")).amended_orders == []


async def test_no_more_can_be_left_than_was_bought(shop, now):
    await shop.record([order(("p-1", 2))], now=now)
    await shop.amend_order(amendment(("p-1", 1)))

    with pytest.raises(MoreThanBought) as raised:
        await shop.amend_order(amendment(("p-1", 3), ("p-2", 1), ("p-9", 1)))

    assert [pointer for pointer, _ in raised.value.items] == [
        "#/items/0/quantity", "#/items/1/product_id", "#/items/2/product_id",
    ]  # fmt: skip
    assert await kept(shop) == {"o-1": [("p-1", 1)]}


async def test_an_order_of_another_customer_is_unknown(shop, now):
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)
    await shop.record([order(("p-1", 2))], now=now)

    for wrong in (amendment(customer_id="c-2"), amendment(order_id="o-9")):
        with pytest.raises(OrderNotFound):
            await shop.amend_order(wrong)
    assert await kept(shop) == {"o-1": [("p-1", 2)]}


async def test_an_amendment_is_about_the_order_whatever_returns_took_of_it(shop, now):
    await shop.put_events(as_imported([order(("p-1", 3), ("p-2", 1))], returned={"p-2": 1}), create_products=False, now=now)
    returned = OrderReturn(
        customer_id="c-1", return_id="r-1", order_id="o-1", items=(ReturnedItem(product_id="p-1", quantity=1),)
    )
    await shop.put_returns([returned], now=now)

    await shop.amend_order(amendment(("p-1", 3), ("p-2", 1)))

    assert await kept(shop) == {"o-1": [("p-1", 3), ("p-2", 1)]}
    (again,) = await shop.put_returns([returned], now=now)
    assert again.status == "seen_before"
    old_file = ImportedEvent(event=order(("p-1", 3), ("p-2", 1)), returned={"p-2": 1})
    assert [one.status for one in await shop.put_events([old_file], create_products=False, now=now)] == ["seen_before"]
    assert await kept(shop) == {"o-1": [("p-1", 3), ("p-2", 1)]}
    later = OrderReturn(
        customer_id="c-1", return_id="r-2", order_id="o-1", items=(ReturnedItem(product_id="p-1", quantity=2),)
    )
    await shop.put_returns([later], now=now)
    assert await kept(shop) == {"o-1": [("p-1", 1), ("p-2", 1)]}
    (amended,) = (await shop.export("c-1")).amended_orders
    assert amended.adjusted == {"p-1": -1, "p-2": -1}


async def test_an_amended_order_that_an_import_replaced_comes_back_amended(shop, now):
    await shop.put_events(as_imported([order(("p-1", 3))]), create_products=False, import_id="i-1", now=now)
    await shop.amend_order(amendment(("p-1", 2)))
    await shop.put_events(as_imported([order(("p-1", 5))]), create_products=False, import_id="i-2", now=now)
    assert await kept(shop) == {"o-1": [("p-1", 4)]}

    while await shop.undo_import("i-2"):
        pass

    assert await kept(shop) == {"o-1": [("p-1", 2)]}
    while await shop.undo_import("i-1"):
        pass
    assert (await shop.export("c-1")).amended_orders == []


async def test_an_order_is_amended_under_the_present_ids_of_its_products(shop, now):
    await shop.put_events(as_imported([order(("sku-1", 2), ("p-2", 1))]), create_products=True, now=now)
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku-1",))], now=now)
    await shop.merge_aliases()

    remainder = await shop.amend_order(amendment(("sku-1", 1)))

    assert [(item.product_id, item.quantity) for item in remainder.items] == [("p-1", 1)]
    assert await kept(shop) == {"o-1": [("p-1", 1)]}
    await shop.amend_order(amendment(("p-2", 1)))
    assert await kept(shop) == {"o-1": [("p-2", 1)]}
    assert (await bought_at(shop))[0] >= RETURNED


async def test_a_product_that_went_back_is_never_due_until_it_is_bought_again(shop, now):
    await shop.record(
        [
            order(("p-1", 2), ("p-2", 2), occurred_at=now - timedelta(days=9)),
            order(("p-1", 1), order_id="old", occurred_at=now - timedelta(days=99)),
        ],
        now=now,
    )
    at = to_microseconds(now - timedelta(days=9))

    await shop.amend_order(amendment(("p-2", 1)))

    assert await bought_at(shop) == {0: RETURNED + at, 1: at}
    await shop.record([order(("p-1", 1), order_id="new")], now=now)
    assert await bought_at(shop) == {0: to_microseconds(now), 1: at}


async def test_a_product_that_went_back_by_an_import_is_never_due(shop, now):
    await shop.put_events(as_imported([order(("p-1", 1), ("p-2", 1))], returned={"p-1": 1}), create_products=False, now=now)
    await shop.put_returns([OrderReturn(customer_id="c-1", return_id="r-1", order_id="o-1")], now=now)

    assert await bought_at(shop) == dict.fromkeys((0, 1), RETURNED + to_microseconds(now))


async def test_retention_deletes_amended_orders_and_what_they_say(shop, now):
    await shop.record([order(("p-1", 2), occurred_at=now - timedelta(days=9))], now=now)
    await shop.amend_order(amendment(("p-1", 1)))

    while await shop.purge_events(before=now - timedelta(days=1)):
        pass

    assert (await kept(shop), (await shop.export("c-1")).amended_orders) == ({}, [])
    assert await bought_at(shop) == {}
    with pytest.raises(OrderNotFound):
        await shop.amend_order(amendment(("p-1", 1)))
