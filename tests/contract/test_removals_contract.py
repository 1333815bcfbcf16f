"""Carts and wishlists that were taken back, in every repository."""

import random
from datetime import timedelta

import pytest

from domain.errors import EventIdReused
from domain.ranking.history import unpack_history
from domain.records.customers import NewCustomer
from domain.records.interactions import EVENT_TYPES, BrowsingEvent
from domain.records.products import ProductChange
from infra.storage.sql import histories
from tests.imports import as_imported


@pytest.fixture
async def shop(repository, now):
    await repository.put_products([ProductChange(product_id=f"p-{n}") for n in (1, 2, 3)], now=now)
    for customer_id in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
    return repository


@pytest.fixture
def event(now):
    """Return a function that makes an event of a type, some minutes ago."""

    def make(event_type, minutes, **values):
        common = {"customer_id": "c-1", "product_id": "p-1", "occurred_at": now - timedelta(minutes=minutes)}
        return BrowsingEvent(event_type=event_type, **common | values)

    return make


async def history(shop, customer_id="c-1"):
    """Return the events that lists use, newest first, after comparing them with those that training uses."""
    packed = (await shop.customer_state(customer_id)).history
    assert packed == (await shop.engine.read(histories.pack, customer_id)).history
    unpacked = unpack_history(packed)
    indexes = unpacked.products[unpacked.positions].tolist()
    used = [
        (f"p-{index + 1}", EVENT_TYPES[kind]) for index, kind in zip(indexes, unpacked.event_types.tolist(), strict=True)
    ]
    trained = [one async for batch in shop.training_events() for one in batch if one.customer_id == customer_id]
    assert sorted((f"p-{one.product_index + 1}", one.event_type) for one in trained) == sorted(used)
    assert {f"p-{index + 1}" for index in unpacked.own.tolist()} == {product for product, _ in used}
    return used


async def exported(shop, customer_id="c-1"):
    return [(one.event_type, one.product_id, one.taken_back) for one in (await shop.export(customer_id)).browsing]


async def test_a_removal_takes_back_the_last_cart_of_the_product(shop, event, now):
    await shop.record([event("cart", 9), event("cart", 8), event("cart", 7, product_id="p-2"), event("view", 6)], now=now)
    before = await history(shop)

    recorded = await shop.record([event("remove_from_cart", 5)], now=now)

    assert len(before) == 4
    assert recorded.accepted.browsing == 1
    assert await history(shop) == [("p-1", "view"), ("p-2", "cart"), ("p-1", "cart")]
    assert await exported(shop) == [
        ("cart", "p-1", False), ("cart", "p-1", True), ("cart", "p-2", False), ("view", "p-1", False),
        ("remove_from_cart", "p-1", False),
    ]  # fmt: skip
    activity = (await shop.profile("c-1")).activity
    assert (activity.carts, activity.views, activity.wishlists) == (2, 1, 0)


async def test_a_removal_from_the_wishlist_leaves_the_cart(shop, event, now):
    await shop.record([event("wishlist", 9), event("cart", 8), event("remove_from_wishlist", 7)], now=now)

    assert await history(shop) == [("p-1", "cart")]


async def test_a_removal_of_another_customer_or_product_takes_nothing_back(shop, event, now):
    await shop.record([event("cart", 9)], now=now)
    before = await shop.customer_state("c-1")
    await shop.record([event("remove_from_cart", 5, customer_id="c-2")], now=now)
    assert await shop.customer_state("c-1") == before

    await shop.record([event("remove_from_cart", 5, product_id="p-2")], now=now)

    assert await history(shop) == [("p-1", "cart")]
    assert await history(shop, "c-2") == []


async def test_the_same_removal_again_changes_nothing(shop, event, now):
    await shop.record([event("cart", 9), event("cart", 8)], now=now)
    removal = event("remove_from_cart", 5, event_id="e-1")
    await shop.record([removal], now=now)
    state = await shop.customer_state("c-1")

    again = await shop.record([removal], now=now)

    assert (again.seen_before.browsing, again.state) == (1, state)
    assert await history(shop) == [("p-1", "cart")]
    with pytest.raises(EventIdReused):
        await shop.record([event("remove_from_wishlist", 5, event_id="e-1")], now=now)


async def test_a_cart_that_was_taken_back_is_known_when_it_comes_again(shop, event, now):
    cart = event("cart", 9, event_id="e-1")
    await shop.record([cart, event("remove_from_cart", 5)], now=now)

    assert (await shop.record([cart], now=now)).seen_before.browsing == 1
    assert await history(shop) == []


async def test_a_removal_may_arrive_before_its_cart(shop, event, now):
    await shop.record([event("remove_from_cart", 5)], now=now)
    await shop.customer_state("c-1")

    recorded = await shop.record([event("cart", 9)], now=now)
    await shop.record([event("cart", 4)], now=now)

    # The state that the recording would have added to is no longer that of the events.
    assert recorded.state is None
    assert await history(shop) == [("p-1", "cart")]
    assert [taken_back for *_, taken_back in await exported(shop)] == [True, False, False]


@pytest.mark.parametrize("seed", range(4))
async def test_events_in_any_sequence_over_any_way_end_in_the_same_state(shop, event, now, seed):
    draw = random.Random(seed)
    types = ["cart", "wishlist", "view", "remove_from_cart", "remove_from_wishlist"]
    events = [
        event(draw.choice(types), draw.randrange(12), product_id=draw.choice(["p-1", "p-2"]), event_id=f"e-{n}")
        for n in range(24)
    ]
    states = []
    for customer_id in ("c-1", "c-2"):
        own = [
            BrowsingEvent(
                customer_id=customer_id, product_id=one.product_id, event_type=one.event_type,
                occurred_at=one.occurred_at, event_id=f"{customer_id} {one.event_id}",
            )
            for one in draw.sample(events, len(events))
        ]  # fmt: skip
        while own:
            batch, own = own[:5], own[5:]
            if draw.random() < 0.5:
                await shop.record(batch, now=now)
            else:
                await shop.put_events(as_imported(batch), create_products=False, now=now)
            await history(shop, customer_id)
        states.append((await history(shop, customer_id), await exported(shop, customer_id)))

    assert states[0][0] == states[1][0]
    assert sorted(states[0][1]) == sorted(states[1][1])


async def test_a_file_of_several_customers_takes_back_only_what_each_removed(shop, event, now):
    both = [("c-1", "p-1"), ("c-2", "p-2")]
    carts = [event("cart", 9, customer_id=customer_id, product_id=f"p-{n}") for customer_id, _ in both for n in (1, 2)]
    removals = [
        event("remove_from_cart", 5, customer_id=customer_id, product_id=product_id) for customer_id, product_id in both
    ]

    await shop.put_events(as_imported([*removals, *carts]), create_products=False, now=now)

    assert (await history(shop), await history(shop, "c-2")) == ([("p-2", "cart")], [("p-1", "cart")])


async def test_undoing_an_import_gives_back_what_its_removals_took(shop, event, now):
    await shop.record([event("cart", 9, event_id="e-1")], now=now)
    removals = as_imported([event("cart", 8, event_id="e-2"), event("remove_from_cart", 5, event_id="e-3"),
                            event("remove_from_cart", 4, event_id="e-4")])  # fmt: skip
    await shop.put_events(removals, create_products=False, import_id="i-1", now=now)
    assert await history(shop) == []

    while await shop.undo_import("i-1"):
        pass

    assert await history(shop) == [("p-1", "cart")]


async def test_undoing_the_import_of_a_cart_lets_its_removal_take_the_one_before(shop, event, now):
    await shop.record([event("cart", 9), event("remove_from_cart", 5)], now=now)
    cart = as_imported([event("cart", 8, event_id="e-1")])
    await shop.put_events(cart, create_products=False, import_id="i-1", now=now)
    assert await history(shop) == [("p-1", "cart")]

    while await shop.undo_import("i-1"):
        pass

    assert await history(shop) == []


async def test_a_removal_under_the_id_of_the_product_takes_what_came_under_an_alias(shop, event, now):
    await shop.put_events(as_imported([event("cart", 9, product_id="sku-1")]), create_products=True, now=now)
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku-1",))], now=now)
    await shop.record([event("remove_from_cart", 5, product_id="sku-1")], now=now)

    await shop.merge_aliases()

    assert await history(shop) == []


async def test_purged_removals_are_gone_and_what_they_took_is_gone_before(shop, event, now):
    await shop.record(
        [event("cart", 99), event("remove_from_cart", 98), event("cart", 5), event("remove_from_cart", 4)], now=now
    )

    while await shop.purge_events(before=now - timedelta(minutes=50)):
        pass

    assert await exported(shop) == [("cart", "p-1", True), ("remove_from_cart", "p-1", False)]
    await shop.erase("c-1")
    assert (await shop.summary()).n_events == 0


async def test_what_was_taken_back_neither_trains_nor_makes_anything_popular(shop, event, now):
    await shop.record([event("cart", 9), event("remove_from_cart", 8), event("view", 7, product_id="p-2")], now=now)

    assert (await shop.summary()).n_events == 1
    assert (await shop.recent_popularity()).products == (1,)
    assert await history(shop) == [("p-2", "view")]
