"""Orders that come again, what goes back of them, and the undoing of an import, in every repository."""

from datetime import timedelta

import pytest

from domain.errors import CustomerNotFound, EventIdReused
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.imports import ImportedEvent, ImportRecord, OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.values import from_microseconds


@pytest.fixture
async def shop(repository, now):
    products = [ProductChange(product_id=f"p-{n}", price=2.5, currency="EUR") for n in (1, 2, 3)]
    await repository.put_products(products, now=now)
    return repository


@pytest.fixture
def sent(shop, now):
    """Return functions that import one order, return or interaction and answer its status."""

    class Sent:
        async def order(self, *items, order_id="o-1", customer_id="c-1", days=9, import_id="i-1", **values):
            order = Purchase(
                customer_id=customer_id,
                order_id=order_id,
                items=tuple(OrderItem(product_id=product_id, quantity=quantity) for product_id, quantity in items),
                occurred_at=now - timedelta(days=days),
            )
            return await self._put(ImportedEvent(event=order, **values), import_id)

        async def view(self, product_id="p-1", event_id="e-1", import_id="i-1", customer_id="c-1", **values):
            event = BrowsingEvent(customer_id=customer_id, product_id=product_id, event_id=event_id)
            return await self._put(ImportedEvent(event=event, **values), import_id)

        async def back(self, *items, return_id="r-1", import_id="i-1", days=1, **values):
            returned = OrderReturn(
                **{"customer_id": "c-1"} | values,
                return_id=return_id,
                items=tuple(ReturnedItem(product_id=product_id, quantity=quantity) for product_id, quantity in items),
                occurred_at=None if days is None else now - timedelta(days=days),
            )
            (outcome,) = await shop.put_returns([returned], import_id=import_id, now=now)
            return outcome.status

        async def undo(self, import_id="i-1"):
            n_undone = 0
            while n := await shop.undo_import(import_id):
                n_undone += n
            return n_undone

        async def _put(self, imported, import_id):
            (outcome,) = await shop.put_events([imported], create_products=False, import_id=import_id, now=now)
            return outcome.status

    return Sent()


async def kept(shop, customer_id="c-1"):
    """Return the lines that a customer kept, by order."""
    exported = await shop.export(customer_id)
    return {order.order_id: [(item.product_id, item.quantity) for item in order.items] for order in exported.purchases}


async def test_an_order_with_other_content_replaces_the_stored_one_and_the_old_file_replaces_it_again(shop, sent):
    assert await sent.order(("p-1", 1), ("p-2", 1), ("p-3", 1)) == "new"
    before = (await shop.customer_state("c-1")).version

    assert await sent.order(("p-2", 2), import_id="i-2") == "replaced"

    assert await kept(shop) == {"o-1": [("p-2", 2)]}
    assert (await shop.customer_state("c-1")).version > before
    assert await sent.order(("p-2", 2), import_id="i-3") == "seen_before"
    assert await sent.order(("p-1", 1), ("p-2", 1), ("p-3", 1), import_id="i-3") == "replaced"


async def test_an_order_may_come_again_with_another_customer(shop, sent, now):
    await sent.order(("p-1", 1))
    await shop.create_customer(NewCustomer(customer_id="c-2"), now=now)
    before = [(await shop.customer_state(name)).version for name in ("c-1", "c-2")]

    assert await sent.order(("p-1", 1), customer_id="c-2", import_id="i-2") == "replaced"

    assert (await kept(shop), await kept(shop, "c-2")) == ({}, {"o-1": [("p-1", 1)]})
    after = [(await shop.customer_state(name)).version for name in ("c-1", "c-2")]
    assert all(new > old for new, old in zip(after, before, strict=True))


async def test_the_currency_price_and_instant_of_an_order_come_from_the_newest_content(shop, now):
    def order(**values):
        item = OrderItem(product_id="p-1", unit_price=values.pop("unit_price", None))
        return [ImportedEvent(event=Purchase(customer_id="c-1", order_id="o-1", items=(item,), **values))]

    await shop.put_events(order(occurred_at=now - timedelta(days=1)), create_products=False, now=now)
    await shop.put_events(order(currency="USD", unit_price=3.25), create_products=False, now=now)
    await shop.put_events(order(currency="USD"), create_products=False, now=now)

    (stored,) = (await shop.export("c-1")).purchases
    assert (stored.currency, stored.occurred_at, stored.items[0].unit_price) == ("USD", now, None)


async def test_an_order_with_an_unknown_product_is_refused_and_the_stored_one_stays(shop, sent):
    await sent.order(("p-1", 1))

    assert await sent.order(("p-1", 1), ("p-9", 1), import_id="i-2") == "refused"
    assert await sent.order(("p-9", 1), import_id="i-2", returned={"p-9": 1}) == "refused"
    assert await sent.order(("p-9", 1), import_id="i-2", order_id="new") == "refused"
    assert await kept(shop) == {"o-1": [("p-1", 1)]}


async def test_what_an_order_says_went_back_is_left_out_of_it(shop, sent):
    assert await sent.order(("p-1", 2), ("p-2", 1), returned={"p-1": 1, "p-2": 1, "p-3": 0, "p-9": 1}) == "returned"

    assert await kept(shop) == {"o-1": [("p-1", 1)]}
    assert await sent.order(("p-1", 2), ("p-2", 1), import_id="i-2") == "seen_before"
    assert await sent.order(("p-1", 2), ("p-2", 1), import_id="i-2", returned={"p-1": 1}) == "seen_before"
    assert await kept(shop) == {"o-1": [("p-1", 1)]}


async def test_an_order_of_which_nothing_is_left_is_never_revived_by_an_old_file(shop, sent, now):
    await sent.order(("p-1", 2))

    assert await sent.order(("p-1", 2), import_id="i-2", returned={"p-1": 2}) == "returned"

    assert await kept(shop) == {}
    assert await sent.order(("p-1", 2), import_id="i-3") == "seen_before"
    order = Purchase(customer_id="c-1", order_id="o-1", items=(OrderItem(product_id="p-1", quantity=1),))
    with pytest.raises(EventIdReused):
        await shop.record([order], now=now)
    assert await kept(shop) == {}
    [amended] = (await shop.export("c-1")).amended_orders
    assert (amended.order_id, amended.returned) == ("o-1", {"": {"p-1": 2}})


async def test_newer_content_replaces_what_the_order_said_of_returns_and_keeps_the_returns_that_came_apart(shop, sent):
    await sent.order(("p-1", 4), ("p-2", 1), returned={"p-1": 2})
    assert await sent.back(("p-2", 1), order_id="o-1") == "returned"

    assert await sent.order(("p-1", 5), ("p-2", 1), import_id="i-2", returned={"p-1": 1}) == "replaced"

    assert await kept(shop) == {"o-1": [("p-1", 4)]}


async def test_a_return_names_its_order_and_comes_once_from_two_files(shop, sent):
    await sent.order(("p-1", 2), ("p-1", 1), ("p-2", 1))
    before = (await shop.customer_state("c-1")).version

    assert await sent.back(("p-1", 2), order_id="o-1", import_id="i-2") == "returned"
    assert await sent.back(("p-1", 2), order_id="o-1", import_id="i-3") == "seen_before"

    assert await kept(shop) == {"o-1": [("p-1", 1), ("p-2", 1)]}
    assert (await shop.customer_state("c-1")).version > before
    assert (await shop.profile("c-1")).activity.items_bought == 2


async def test_a_return_without_products_is_the_whole_order(shop, sent):
    await sent.order(("p-1", 2), ("p-2", 1))

    assert await sent.back(order_id="o-1") == "returned"

    assert await kept(shop) == {}
    assert (await shop.profile("c-1")).activity.orders == 0
    assert await sent.back(order_id="o-1", return_id="r-2") == "unmatched"
    assert await sent.back(return_id="r-3") == "unmatched"


async def test_a_return_with_other_content_replaces_what_it_took(shop, sent):
    await sent.order(("p-1", 3), ("p-2", 1))
    await sent.back(("p-1", 1), order_id="o-1")

    assert await sent.back(("p-1", 2), order_id="o-1", import_id="i-2") == "returned"
    assert await kept(shop) == {"o-1": [("p-1", 1), ("p-2", 1)]}
    assert await sent.back(("p-3", 1), order_id="o-1", import_id="i-3") == "unmatched"
    assert await kept(shop) == {"o-1": [("p-1", 3), ("p-2", 1)]}
    # It found nothing, so it is tried again.
    assert await sent.back(("p-3", 1), order_id="o-1", import_id="i-4") == "unmatched"


async def test_a_return_that_comes_before_its_order_finds_nothing_until_it_comes_again(shop, sent):
    assert await sent.back(("p-1", 1)) == "unmatched"
    await sent.order(("p-1", 1))
    assert (await shop.export("c-1")).returns == []

    assert await sent.back(("p-1", 1)) == "returned"
    assert await kept(shop) == {}


async def test_a_return_that_names_no_order_takes_the_newest_purchases_before_it(shop, sent):
    await sent.order(("p-1", 2), order_id="old", days=9)
    await sent.order(("p-1", 1), ("p-2", 1), order_id="newer", days=5)
    await sent.order(("p-1", 1), order_id="later", days=1)

    assert await sent.back(("p-1", 2), days=3) == "returned"

    assert await kept(shop) == {"old": [("p-1", 1)], "newer": [("p-2", 1)], "later": [("p-1", 1)]}
    assert await sent.back(("p-1", 2), days=3, import_id="i-2") == "seen_before"
    assert await sent.back(("p-1", 1), days=3, import_id="i-3") == "returned"
    assert await kept(shop) == {"old": [("p-1", 2)], "newer": [("p-2", 1)], "later": [("p-1", 1)]}


async def test_a_return_without_an_instant_takes_what_was_bought_until_now(shop, sent):
    await sent.order(("p-1", 1))

    assert await sent.back(("p-1", 1), days=None) == "returned"


async def test_a_return_larger_than_what_was_bought_takes_all_of_it(shop, sent):
    await sent.order(("p-1", 2))
    await sent.order(("p-2", 1), order_id="o-2")

    assert await sent.back(("p-1", 9), order_id="o-1") == "returned"
    assert await sent.back(("p-2", 9), return_id="r-2") == "returned"

    assert await kept(shop) == {}


async def test_a_return_of_an_order_of_another_customer_takes_nothing_of_it(shop, sent):
    await sent.order(("p-1", 1), customer_id="c-2")
    await sent.order(("p-1", 1), order_id="o-2")

    assert await sent.back(("p-1", 1), order_id="o-1") == "returned"

    assert (await kept(shop), await kept(shop, "c-2")) == ({}, {"o-1": [("p-1", 1)]})
    assert await sent.back(("p-1", 1), order_id="o-1", return_id="r-2") == "unmatched"
    assert await sent.back(("p-1", 1), customer_id="nobody") == "unmatched"


async def test_a_customer_is_found_by_the_e_mail_address(shop, sent, now):
    await shop.create_customer(NewCustomer(customer_id="c-7", email="canary@a.com"), now=now)

    assert await sent.order(("p-1", 2), customer_id="x-1", email="Canary@a.com") == "new"
    assert await sent.view(customer_id="x-2", email="canary-new@a.com", is_guest=True) == "new"
    assert await sent.view(customer_id="x-3", email="CANARY-new@a.com", event_id="e-2") == "new"

    assert await kept(shop, "c-7") == {"o-1": [("p-1", 2)]}
    guest = await shop.export("x-2")
    assert (guest.customer.email, guest.customer.is_guest, len(guest.browsing)) == ("canary-new@a.com", True, 2)
    assert not (await shop.export("c-7")).customer.is_guest
    assert await sent.back(("p-1", 1), customer_id=None, email="canary@A.com") == "returned"
    assert await sent.back(("p-1", 1), customer_id=None, email="canary-nobody@a.com") == "unmatched"
    for name in ("x-1", "x-3"):
        with pytest.raises(CustomerNotFound):
            await shop.profile(name)


async def test_a_new_e_mail_address_in_one_batch_is_one_customer(shop, now):
    events = [
        ImportedEvent(event=BrowsingEvent(customer_id=f"x-{n}", product_id="p-1", event_id=f"e-{n}"), email=email)
        for n, email in enumerate(("canary@a.com", "CANARY@a.com"))
    ]

    await shop.put_events(events, create_products=False, now=now)

    assert len((await shop.export("x-0")).browsing) == 2


async def test_a_guest_may_turn_out_to_be_a_customer(shop, sent, now):
    await sent.view(is_guest=True)

    for is_guest, status in ((False, "changed"), (False, "unchanged"), (True, "changed"), (None, "changed")):
        (outcome,) = await shop.put_customers([CustomerChange(customer_id="c-1", is_guest=is_guest)], now=now)
        assert outcome.status == status

    assert not (await shop.export("c-1")).customer.is_guest


async def test_an_interaction_with_a_derived_id_is_the_same_whatever_its_content(shop, sent):
    assert await sent.view(is_derived_id=True) == "new"
    assert await sent.view("p-2", is_derived_id=True) == "seen_before"
    assert await sent.view("p-2") == "refused"


async def test_undoing_an_import_deletes_what_it_added(shop, sent, now):
    await sent.view(event_id="kept", import_id="i-2")
    await sent.order(("p-1", 1), order_id="kept", import_id=None)
    await sent.view()
    await sent.order(("p-1", 1))
    await sent.order(("p-2", 1), order_id="gone", returned={"p-2": 1})
    before = (await shop.customer_state("c-1")).version

    assert await sent.undo() == 3

    exported = await shop.export("c-1")
    assert ([event.event_id for event in exported.browsing], await kept(shop)) == (["kept"], {"kept": [("p-1", 1)]})
    assert exported.amended_orders == []
    assert (await shop.customer_state("c-1")).version > before
    assert await sent.order(("p-2", 1), order_id="gone") == "new"


async def test_undoing_restores_what_an_import_replaced_or_took_back(shop, sent):
    await sent.order(("p-1", 1), ("p-2", 2))
    await sent.order(("p-3", 2), order_id="o-2")
    await sent.order(("p-2", 3), customer_id="c-2", import_id="i-2")
    await sent.back(("p-3", 1), import_id="i-2")

    assert await sent.undo("i-2") == 2

    assert await kept(shop) == {"o-1": [("p-1", 1), ("p-2", 2)], "o-2": [("p-3", 2)]}
    assert await kept(shop, "c-2") == {}
    exported = await shop.export("c-1")
    assert (exported.returns, exported.amended_orders, exported.replaced_orders) == ([], [], [])


async def test_undoing_an_import_whose_order_was_replaced_later_keeps_the_later_one(shop, sent):
    await sent.order(("p-1", 1), import_id="i-1")
    await sent.order(("p-1", 2), import_id="i-2")
    await sent.order(("p-1", 3), import_id="i-3")

    await sent.undo("i-2")
    assert await kept(shop) == {"o-1": [("p-1", 3)]}
    await sent.undo("i-3")
    assert await kept(shop) == {"o-1": [("p-1", 1)]}
    await sent.order(("p-1", 4), import_id="i-4")
    await sent.undo("i-1")
    assert await kept(shop) == {"o-1": [("p-1", 4)]}
    await sent.undo("i-4")
    assert await kept(shop) == {}


async def test_a_return_whose_order_was_undone_is_applied_when_both_come_again(shop, sent):
    await sent.order(("p-1", 1))
    await sent.back(("p-1", 1), import_id="i-2")

    await sent.undo()
    assert await sent.back(("p-1", 1), import_id="i-3") == "unmatched"
    await sent.order(("p-1", 1), import_id="i-4")

    assert await sent.back(("p-1", 1), import_id="i-5") == "returned"
    assert await kept(shop) == {}


async def test_an_undoing_in_batches_takes_back_everything(shop, now):
    items = tuple(OrderItem(product_id="p-1") for _ in range(100))
    for first in (0, 8):
        orders = [
            ImportedEvent(event=Purchase(customer_id=f"c-{n}", order_id=f"o-{n}", items=items))
            for n in range(first, first + 8)
        ]
        await shop.put_events(orders, create_products=False, import_id="i-1", now=now)
    views = [ImportedEvent(event=BrowsingEvent(customer_id="c-1", product_id="p-1", event_id=f"e-{n}")) for n in range(600)]
    await shop.put_events(views, create_products=False, import_id="i-1", now=now)

    n_undone = [await shop.undo_import("i-1") for _ in range(7)]

    assert n_undone == [333, 267, 5, 5, 5, 1, 0]
    assert (await shop.summary()).n_events == 0


async def test_many_small_orders_are_deleted_in_batches(shop, now):
    item = OrderItem(product_id="p-1")
    orders = [ImportedEvent(event=Purchase(customer_id="c-1", order_id=f"o-{n:03}", items=(item,))) for n in range(400)]
    await shop.put_events(orders, create_products=False, import_id="i-1", now=now)

    assert [await shop.undo_import("i-1") for _ in range(3)] == [333, 67, 0]


async def test_many_orders_are_replaced_returned_and_restored_in_batches(shop, now):
    def orders(quantity):
        items = tuple(OrderItem(product_id="p-1", quantity=quantity) for _ in range(50))
        return [ImportedEvent(event=Purchase(customer_id="c-1", order_id=f"o-{n}", items=items)) for n in range(40)]

    def returns(quantity):
        items = (ReturnedItem(product_id="p-1", quantity=quantity),)
        return [OrderReturn(customer_id="c-1", return_id=f"r-{n}", order_id=f"o-{n}", items=items) for n in range(40)]

    async def statuses(*outcomes):
        return {outcome.status for each in outcomes for outcome in each}

    for first in (0, 20):
        await shop.put_events(orders(1)[first : first + 20], create_products=False, import_id="i-1", now=now)
    replaced = await shop.put_events(orders(2), create_products=False, import_id="i-2", now=now)
    returned = await shop.put_returns(returns(3), import_id="i-2", now=now)
    again = await shop.put_returns(returns(4), import_id="i-3", now=now)

    assert [await statuses(each) for each in (replaced, returned, again)] == [{"replaced"}, {"returned"}, {"returned"}]
    assert (await shop.profile("c-1")).activity.items_bought == 40 * (100 - 4)
    for import_id, n_left in (("i-3", 100 - 3), ("i-2", 50), ("i-1", 0)):
        while await shop.undo_import(import_id):
            pass
        assert (await shop.profile("c-1")).activity.items_bought == 40 * n_left


async def test_a_later_return_stays_when_an_earlier_content_of_it_is_undone(shop, sent):
    await sent.order(("p-1", 5))
    for number, quantity in ((2, 1), (3, 2), (4, 3)):
        await sent.back(("p-1", quantity), import_id=f"i-{number}")

    await sent.undo("i-3")
    assert await kept(shop) == {"o-1": [("p-1", 2)]}
    await sent.undo("i-4")
    assert await kept(shop) == {"o-1": [("p-1", 4)]}


async def test_an_erasure_between_leaves_nothing_to_restore(shop, sent):
    await sent.order(("p-1", 1))
    await sent.order(("p-1", 1), order_id="o-2", import_id="i-2", customer_id="c-2")
    await sent.order(("p-1", 2), customer_id="c-2", import_id="i-2")
    await sent.back(("p-1", 1), import_id="i-2", customer_id="c-2")

    await shop.erase("c-1")
    assert await sent.order(("p-1", 1), import_id="i-3", order_id="o-3") == "refused"
    assert await sent.order(("p-1", 1), import_id="i-3", returned={"p-1": 1}) == "refused"
    assert await sent.back(("p-1", 1)) == "refused"
    await sent.undo("i-2")

    assert await kept(shop, "c-2") == {}
    assert (await shop.summary()).n_events == 0


async def test_the_order_of_an_erased_customer_comes_back_to_the_one_from_whom_it_came(shop, sent):
    await sent.order(("p-1", 1))
    await sent.order(("p-1", 2), customer_id="c-2", import_id="i-2")

    await shop.erase("c-2")
    assert await kept(shop) == {}
    await sent.undo("i-2")

    assert await kept(shop) == {"o-1": [("p-1", 1)]}


async def test_what_came_after_an_import_without_an_id_stays_when_it_is_undone(shop, sent):
    for number in (1, 2, None):
        import_id = number and f"i-{number}"
        await sent.order(("p-1", 5 + (number or 0)), import_id=import_id)
        await sent.back(("p-1", number or 3), import_id=import_id)

    await sent.undo("i-2")

    assert await kept(shop) == {"o-1": [("p-1", 2)]}


async def test_a_return_stays_with_an_order_that_changes_its_customer(shop, sent):
    await sent.order(("p-1", 3))
    await sent.back(("p-1", 1), order_id="o-1", import_id="i-2")

    await sent.order(("p-1", 3), customer_id="c-2", import_id="i-3")
    assert await kept(shop, "c-2") == {"o-1": [("p-1", 2)]}
    await sent.undo("i-1")
    await sent.undo("i-3")
    assert await sent.back(("p-1", 1), order_id="o-1", import_id="i-4") == "unmatched"

    await sent.order(("p-1", 3), import_id="i-5")
    await sent.back(("p-1", 1), order_id="o-1", import_id="i-6")
    await sent.order(("p-1", 3), customer_id="c-2", import_id="i-7")
    await shop.erase("c-1")
    await sent.undo("i-7")
    assert await kept(shop, "c-2") == {}


async def test_an_export_has_what_went_back_and_what_was_replaced(shop, sent, now):
    await sent.order(("p-1", 2))
    await sent.order(("p-1", 3), import_id="i-2", returned={"p-1": 1})
    await sent.back(("p-1", 1), import_id="i-2", days=2)
    await sent.back(("p-1", 2), import_id="i-3", days=2)

    exported = await shop.export("c-1")

    [amended], [returned], [replaced] = exported.amended_orders, exported.returns, exported.replaced_orders
    [older] = exported.replaced_returns
    assert (amended.items[0].quantity, amended.returned) == (3, {"": {"p-1": 1}, "r-1": {"p-1": 2}})
    assert (returned.items, returned.orders, returned.occurred_at) == ({"p-1": 2}, ["o-1"], now - timedelta(days=2))
    assert (replaced.items[0].quantity, replaced.items[0].unit_price, replaced.returned) == (2, 2.5, {})
    assert older.items == {"p-1": 1}


async def test_a_purge_deletes_what_is_known_of_old_orders(shop, sent, now):
    await sent.order(("p-1", 2))
    await sent.order(("p-1", 3), import_id="i-2")
    await sent.back(("p-1", 1), import_id="i-2")

    while await shop.purge_events(before=now):
        pass

    exported = await shop.export("c-1")
    assert exported.purchases == exported.amended_orders == exported.returns == exported.replaced_orders == []
    assert await sent.undo("i-2") == 0


async def test_imports_are_recorded(shop, now):
    for number in range(3):
        started_at = now + timedelta(minutes=number)
        await shop.begin_import(
            ImportRecord(import_id=f"i-{number}", started_at=started_at, kind="orders", files=("a.csv",), options="--x")
        )
    await shop.finish_import("i-2", {"new": 3}, now=now + timedelta(hours=1))

    last, before = await shop.imports(2)

    assert last == ImportRecord(
        import_id="i-2", started_at=now + timedelta(minutes=2), finished_at=now + timedelta(hours=1), kind="orders",
        files=("a.csv",), options="--x", counts={"new": 3},
    )  # fmt: skip
    assert (before.import_id, before.finished_at, before.counts) == ("i-1", None, {})
    await shop.begin_import(last)
    assert (await shop.imports(1)) == [last]
    assert from_microseconds(0) < last.started_at


async def test_listed_products_come_in_pages_without_withdrawn_ones(repository, now):
    changes = [ProductChange(product_id=f"p-{n:04}", withdrawn=n == 7) for n in range(1100)]
    for first in (0, 600):
        await repository.put_products(changes[first : first + 600], now=now)

    pages = [await repository.listed_products()]
    while pages[-1]:
        pages.append(await repository.listed_products(pages[-1][-1]))

    assert [len(page) for page in pages] == [1000, 99, 0]
    assert sorted(product_id for page in pages for product_id in page) == [f"p-{n:04}" for n in range(1100) if n != 7]
