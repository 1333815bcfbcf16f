"""After a merge, everything goes on as if the events of the guest had always been the customer's, in every repository."""

import random
from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from domain.errors import CustomerNotFound, OrderNotFound
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import RETURNED
from domain.records.amendments import OrderAmendment, RemainingItem
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.guests import GuestMerge
from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.privacy import CustomerExport
from domain.records.products import ProductChange
from infra.storage.sql import export, large_erasures
from infra.storage.sql.statements import rows
from infra.use_cases import export as use_case
from infra.use_cases.export import export_chunks
from infra.use_cases.recommend import current_list
from tests.contract.test_histories_contract import check
from tests.contract.test_removals_contract import history
from tests.imports import as_imported

MERGE = GuestMerge(guest_id="g-1", customer_id="c-1")
BOTH = pytest.mark.parametrize("name", ["g-1", "c-1"])


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=2.5) for n in range(1, 6)], now=now)
    await repository.put_customers([CustomerChange(customer_id="g-1", is_guest=True)], now=now)
    for name in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    return repository


@pytest.fixture
def event(now):
    """Return a function that makes an interaction with p-1, some minutes ago."""

    def make(customer_id, event_type, minutes, **values):
        common = {"product_id": "p-1", "occurred_at": now - timedelta(minutes=minutes)}
        return BrowsingEvent(customer_id=customer_id, event_type=event_type, **common | values)

    return make


def order(customer_id="g-1", *, order_id="o-1", **values):
    items = (OrderItem(product_id="p-2", quantity=3), OrderItem(product_id="p-3", quantity=2))
    return Purchase(**{"customer_id": customer_id, "order_id": order_id, "items": items} | values)


async def amended(shop, customer_id, *items, order_id="o-1"):
    """Amend an order; return what is left, and what went back."""
    left = tuple(RemainingItem(product_id=product_id, quantity=n) for product_id, n in items)
    answer = await shop.amend_order(OrderAmendment(customer_id=customer_id, order_id=order_id, items=left))
    return [(item.product_id, item.quantity) for item in answer.items], {
        item.product_id: item.quantity for item in answer.returned
    }


async def taken_back(shop, customer_id="c-1"):
    browsing = (await shop.export(customer_id)).browsing
    return sorted((one.event_type, one.event_id, one.taken_back) for one in browsing)


@BOTH
async def test_a_removal_finds_the_cart_of_the_guest(shop, event, now, name):
    await shop.record([event("g-1", "cart", 9), event("g-1", "wishlist", 8), event("g-1", "view", 7)], now=now)
    await shop.merge_guest(MERGE, now=now)

    await shop.record([event(name, "remove_from_cart", 5)], now=now)
    after_one = await history(shop)
    await shop.record([event(name, "remove_from_wishlist", 4)], now=now)

    assert after_one == [("p-1", "view"), ("p-1", "wishlist")]
    assert await history(shop) == [("p-1", "view")]


async def test_a_removal_of_either_that_came_before_takes_the_last_cart_of_both(shop, event, now):
    await shop.record(
        [event("g-1", "cart", 9, event_id="e-1"), event("g-1", "remove_from_cart", 3, event_id="e-2")], now=now
    )
    await shop.record([event("c-1", "cart", 5, event_id="e-3")], now=now)

    await shop.merge_guest(MERGE, now=now)

    # At the time of the removal, the cart of the customer was the last one.
    assert await taken_back(shop) == [("cart", "e-1", False), ("cart", "e-3", True), ("remove_from_cart", "e-2", False)]
    assert await history(shop) == [("p-1", "cart")]


@pytest.mark.parametrize("seed", range(6))
async def test_a_merge_ends_in_the_state_of_somebody_who_did_all_of_it(shop, event, now, seed):
    draw = random.Random(seed)
    types = ["cart", "cart", "wishlist", "view", "remove_from_cart", "remove_from_wishlist"]
    events = [(draw.choice(types), draw.randrange(40), f"p-{draw.randint(1, 2)}", f"{n:02}") for n in range(30)]
    merge_after = draw.randrange(30)
    for n, (event_type, minutes, product_id, number) in enumerate(events):
        if n == merge_after:
            await shop.merge_guest(MERGE, now=now)
        for customer_id, prefix in ((draw.choice(["g-1", "c-1"]), "a"), ("c-2", "b")):
            one = event(customer_id, event_type, minutes, product_id=product_id, event_id=prefix + number)
            await shop.record([one], now=now)

    assert await history(shop) == await history(shop, "c-2")
    both = [await taken_back(shop, name) for name in ("c-1", "c-2")]
    assert [(kind, name[1:], was) for kind, name, was in both[0]] == [(kind, name[1:], was) for kind, name, was in both[1]]
    await check(shop, "c-1")


async def test_an_order_that_the_guest_amended_is_amended_again_under_both_ids(shop, now):
    await shop.record([order()], now=now)
    await amended(shop, "g-1", ("p-2", 2), ("p-3", 2))
    await shop.merge_guest(MERGE, now=now)

    again = await amended(shop, "g-1", ("p-2", 1), ("p-3", 2))
    cancelled = await amended(shop, "c-1")
    gone = dict.fromkeys((1, 2), True)
    bought_at = await returned_products(shop)
    after_all = await amended(shop, "g-1", ("p-2", 3), ("p-3", 1))

    assert again == ([("p-2", 1), ("p-3", 2)], {"p-2": 2})
    assert cancelled == ([], {"p-2": 3, "p-3": 2})
    assert bought_at == gone
    assert after_all == ([("p-2", 3), ("p-3", 1)], {"p-3": 1})
    with pytest.raises(OrderNotFound):
        await amended(shop, "c-2", ("p-2", 1))
    assert [one.adjusted for one in (await shop.export("c-1")).amended_orders] == [{"p-3": 1}]
    await check(shop, "c-1")


async def returned_products(shop, customer_id="c-1"):
    """Return whether each product of the customer's history went back, by product index."""
    unpacked = unpack_history((await shop.customer_state(customer_id)).history)
    return {index: at >= RETURNED for index, at in zip(unpacked.own.tolist(), unpacked.bought_at.tolist(), strict=True)}


@BOTH
async def test_a_return_after_the_merge_takes_from_the_order_of_the_guest(shop, now, name):
    await shop.put_events(as_imported([order()]), create_products=False, import_id="i-1", now=now)
    await amended(shop, "g-1", ("p-2", 2), ("p-3", 2))
    await shop.merge_guest(MERGE, now=now)

    back = OrderReturn(
        customer_id=name, return_id="r-1", order_id="o-1", items=(ReturnedItem(product_id="p-2", quantity=1),)
    )
    statuses = [(await shop.put_returns([back], import_id="i-2", now=now))[0].status for _ in range(2)]
    after_return = await amended(shop, name, ("p-2", 1), ("p-3", 2))
    while await shop.undo_import("i-2"):
        pass

    assert statuses == ["returned", "seen_before"]
    assert after_return == ([("p-2", 1), ("p-3", 2)], {"p-2": 2})
    (left,) = (await shop.export(name)).purchases
    assert [(item.product_id, item.quantity) for item in left.items] == [("p-2", 2), ("p-3", 2)]
    while await shop.undo_import("i-1"):
        pass
    exported = await shop.export("c-1")
    assert (exported.purchases, exported.amended_orders, exported.returns) == ([], [], [])


@BOTH
async def test_an_erasure_of_many_events_lets_no_id_of_a_merged_guest_come_back(shop, event, now, name):
    for n in range(6):
        for customer_id in ("g-1", "c-1"):
            views = [event(customer_id, "view", n, event_id=f"{customer_id}-{n}-{i}") for i in range(100)]
            await shop.record(views, now=now)
    await shop.merge_guest(MERGE, now=now)
    await shop.record([event("g-2", "view", 1, guest=True)], now=now)
    await shop.merge_guest(GuestMerge(guest_id="g-2", customer_id="g-1"), now=now)
    assert await shop.engine.look_up(large_erasures.has_many_events, "c-1")

    await shop.erase(name)

    for gone in ("c-1", "g-1", "g-2"):
        view, merge = event(gone, "view", 1, guest=True), GuestMerge(guest_id=gone, customer_id="c-2")
        for call in (
            shop.record([view], now=now), shop.export(gone), shop.newcomer_state(gone), shop.merge_guest(merge, now=now),
        ):  # fmt: skip
            with pytest.raises(CustomerNotFound):
                await call
        (change,) = await shop.put_customers([CustomerChange(customer_id=gone, is_guest=True)], now=now)
        assert (change.status, change.reason) == ("refused", "erased")
    assert (await shop.summary()).n_events == 0
    assert await shop.engine.look_up(rows, "SELECT COUNT(*) FROM erased_customers WHERE is_finished = 1") == [(3,)]


async def test_between_the_transactions_of_an_erasure_the_guest_stands_for_the_customer(shop, event, now, monkeypatch):
    monkeypatch.setattr(large_erasures, "MAX_ROWS_PER_TRANSACTION", 4)
    await shop.record([event("g-1", "view", n) for n in range(9)], now=now)
    await shop.merge_guest(MERGE, now=now)

    await shop.engine.write(large_erasures.delete_some_events, "c-1")
    await shop.record([event("g-1", "view", 0, guest=True)], now=now)
    views = (await shop.profile("c-1")).activity.views
    await shop.erase("c-1")

    assert views == 9 - 4 + 1
    assert await shop.engine.look_up(rows, "SELECT customer_id FROM customer_profiles") == [("c-2",)]
    assert (await shop.summary()).n_events == 0


@BOTH
async def test_an_export_pages_over_the_events_of_both_and_names_the_merged_guests(shop, event, now, monkeypatch, name):
    monkeypatch.setattr(export, "PAGE_ROWS", 3)
    monkeypatch.setattr(use_case, "CHUNK_BYTES", 1)
    for customer_id in ("g-1", "c-1"):
        views = [event(customer_id, "view", n // 2, event_id=f"{customer_id}-{n}") for n in range(8)]
        orders = [order(customer_id, order_id=f"{customer_id}-{n}") for n in range(4)]
        await shop.record([*views, *orders], now=now)
    merged = await shop.merge_guest(MERGE, now=now)

    chunks = [chunk async for chunk in export_chunks(shop, name)]

    document = msgspec.json.decode(b"".join(chunks), type=CustomerExport)
    assert document == await shop.export("c-1")
    assert document.merged_guests == [merged]
    assert sorted(view.event_id for view in document.browsing) == sorted(
        f"{who}-{n}" for who in ("c-1", "g-1") for n in range(8)
    )
    assert [one.occurred_at for one in document.browsing] == sorted(one.occurred_at for one in document.browsing)
    assert sorted(one.order_id for one in document.purchases) == sorted(
        f"{who}-{n}" for who in ("c-1", "g-1") for n in range(4)
    )
    assert all(len(one.items) == 2 for one in document.purchases)


async def test_the_retention_deletes_old_events_of_a_merged_guest_and_keeps_what_its_id_stands_for(shop, event, now):
    old = now - timedelta(days=9)
    await shop.record([order(occurred_at=old), order(order_id="o-2"), event("g-1", "view", 60 * 24 * 9)], now=now)
    await amended(shop, "g-1", ("p-2", 1))
    first = await shop.merge_guest(MERGE, now=now)
    await current_list(shop, "c-1", now=now, reuse_seconds=60)
    before = (await shop.customer_state("c-1")).version

    while await shop.purge_events(before=now - timedelta(days=1)):
        pass

    exported = await shop.export("g-1")
    assert ([one.order_id for one in exported.purchases], exported.browsing, exported.amended_orders) == (["o-2"], [], [])
    assert (await shop.customer_state("c-1")).version > before
    assert await shop.stored_list("g-1", length=1) is None
    with pytest.raises(OrderNotFound):
        await amended(shop, "g-1", ("p-2", 1))
    assert await shop.merge_guest(MERGE, now=now) == first
    assert exported.merged_guests == [first]
    await check(shop, "c-1")


async def test_a_customer_who_became_a_guest_by_an_import_is_merged_with_the_guests_of_before(shop, event, now):
    await shop.record([event("g-1", "view", 9)], now=now)
    await shop.merge_guest(MERGE, now=now)
    await shop.put_customers([CustomerChange(customer_id="c-1", is_guest=True)], now=now)

    second = await shop.merge_guest(GuestMerge(guest_id="c-1", customer_id="c-2"), now=now)

    assert second.moved.browsing == 1
    assert await shop.profile("g-1") == await shop.profile("c-1") == await shop.profile("c-2")
    merged = (await shop.export("g-1")).merged_guests
    assert [(one.guest_id, one.customer_id) for one in merged] == [("c-1", "c-2"), ("g-1", "c-2")]
    again = await shop.merge_guest(replace(MERGE, customer_id="c-1"), now=now)
    assert (again.guest_id, again.customer_id) == ("g-1", "c-2")
    await shop.erase("g-1")
    for name in ("g-1", "c-1", "c-2"):
        with pytest.raises(CustomerNotFound):
            await shop.record([event(name, "view", 1, guest=True)], now=now)
