"""Interactions and orders, in every repository."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from domain.errors import CustomerNotFound, EventIdReused, ProductNotFound
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import MAX_HISTORY_EVENTS, NEVER_BOUGHT
from domain.records.customers import NewCustomer
from domain.records.interactions import EVENT_TYPES, BrowsingEvent, EventCounts, OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.values import to_microseconds
from tests.imports import as_imported


@pytest.fixture
async def shop(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.put_products(
        [
            ProductChange(product_id="p-1", price=2.5, currency="EUR"),
            ProductChange(product_id="p-2", price=4.0, currency="USD"),
        ],
        now=now,
    )
    return repository


def viewed(product_id="p-1", **values):
    return BrowsingEvent(customer_id="c-1", product_id=product_id, **values)


def bought(*items, **values):
    return Purchase(customer_id="c-1", items=items or (OrderItem(product_id="p-1", quantity=2),), **values)


async def test_what_was_recorded_is_passed_on_once_and_returned(shop, now):
    await shop.customer_state("c-1")
    prepared = []

    async def prepare(recorded):
        prepared.append(recorded)

    recorded = await shop.record_while(prepare, [viewed()], now=now)

    assert prepared == [recorded]
    assert recorded.accepted == EventCounts(browsing=1, purchases=0)
    with pytest.raises(ProductNotFound):
        await shop.record_while(prepare, [viewed("unknown")], now=now)
    assert len(prepared) == 1


async def test_events_are_counted_in_the_activity(shop, now):
    recorded = await shop.record(
        [viewed(), viewed(event_type="cart"), viewed("p-2", event_type="wishlist"), bought()], now=now
    )

    activity = (await shop.profile("c-1")).activity
    assert recorded.accepted == EventCounts(browsing=3, purchases=1)
    assert (activity.views, activity.carts, activity.wishlists, activity.orders) == (1, 1, 1, 1)
    assert (activity.items_bought, activity.spent) == (2, 2 * 2.5)
    assert activity.last_browsed_at == activity.last_purchased_at == now


async def test_the_amount_spent_is_exact_and_counts_only_orders_in_the_currency_of_the_shop(shop, now):
    await shop.record(
        [
            bought(OrderItem(product_id="p-1", quantity=3, unit_price=0.1)),
            bought(OrderItem(product_id="p-1", unit_price=100), currency="USD"),
            bought(OrderItem(product_id="p-2")),
        ],
        now=now,
    )

    activity = (await shop.profile("c-1")).activity
    assert (activity.orders, activity.items_bought) == (3, 5)
    assert activity.spent == 0.3


async def test_the_amount_spent_does_not_overflow_with_the_largest_orders(shop, now):
    largest = OrderItem(product_id="p-1", quantity=100_000, unit_price=1e9)

    for _ in range(2):
        await shop.record([bought(*[largest] * 100)], now=now)

    assert (await shop.profile("c-1")).activity.spent == 200 * 100_000 * 1e9


async def test_events_without_an_id_are_always_new(shop, now):
    await shop.record([viewed()], now=now)
    await shop.record([viewed()], now=now)

    assert (await shop.profile("c-1")).activity.views == 2


@pytest.mark.parametrize("event", [viewed(event_id="e-1"), bought(order_id="o-1")], ids=["interaction", "order"])
async def test_the_same_id_with_the_same_content_is_counted_once(shop, now, event):
    first = await shop.record([event], now=now)
    second = await shop.record([event], now=now + timedelta(hours=1))
    imported = await shop.put_events(as_imported([event]), create_products=False, now=now)

    assert first.accepted == second.seen_before
    assert imported[0].status == "seen_before"
    assert (await shop.summary()).n_events == 1


async def test_an_event_that_one_call_contains_twice_is_counted_once(shop, now):
    recorded = await shop.record([viewed(event_id="e-1"), viewed(event_id="e-1")], now=now)

    assert (recorded.accepted.browsing, recorded.seen_before.browsing) == (1, 1)


async def test_an_order_sent_again_with_its_items_in_another_order_is_the_same(shop, now):
    first, second = OrderItem(product_id="p-1"), OrderItem(product_id="p-2")
    await shop.record([bought(first, second, order_id="o-1")], now=now)

    again = await shop.record([bought(second, first, order_id="o-1")], now=now)

    assert again.seen_before.purchases == 1


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (viewed(event_id="e-1"), {"event_type": "cart"}),
        (viewed(event_id="e-1"), {"dwell_seconds": 1.0}),
        (viewed(event_id="e-1"), {"product_id": "p-2"}),
        (bought(order_id="o-1"), {"currency": "EUR"}),
        (bought(order_id="o-1"), {"items": (OrderItem(product_id="p-1", quantity=3),)}),
    ],
    ids=["event type", "dwell time", "product", "currency", "quantity"],
)
async def test_a_known_id_with_other_content_is_refused_and_changes_nothing(shop, now, event, changed):
    await shop.record([event], now=now)
    before = await shop.customer_state("c-1")

    with pytest.raises(EventIdReused):
        await shop.record([viewed(), msgspec.structs.replace(event, **changed)], now=now)

    assert await shop.customer_state("c-1") == before


async def test_the_same_order_sent_64_times_at_once_is_counted_once(shop, now):
    recorded = await asyncio.gather(*(shop.record([bought(order_id="o-1")], now=now) for _ in range(64)))

    assert sum(result.accepted.purchases for result in recorded) == 1
    assert (await shop.profile("c-1")).activity.items_bought == 2


async def test_an_interaction_and_an_order_may_have_the_same_id(shop, now):
    recorded = await shop.record([viewed(event_id="x"), bought(order_id="x")], now=now)

    assert recorded.accepted == EventCounts(browsing=1, purchases=1)


async def test_events_are_recorded_all_or_none(shop, now):
    with pytest.raises(ProductNotFound, match="p-9"):
        await shop.record([viewed(), viewed("p-9")], now=now)

    assert (await shop.summary()).n_events == 0


async def test_events_of_an_unknown_customer_are_refused(shop, now):
    with pytest.raises(CustomerNotFound):
        await shop.record([BrowsingEvent(customer_id="c-9", product_id="p-1")], now=now)


async def test_imported_events_create_their_customers_and_refuse_unknown_products_alone(shop, now):
    outcomes = await shop.put_events(
        as_imported(
            [
                BrowsingEvent(customer_id="c-7", product_id="p-1"),
                BrowsingEvent(customer_id="c-7", product_id="p-9"),
                BrowsingEvent(customer_id="c-8", product_id="p-9"),
            ]
        ),
        create_products=False,
        now=now,
    )

    assert [(one.status, one.field) for one in outcomes] == [
        ("new", None),
        ("refused", "product_id"),
        ("refused", "product_id"),
    ]
    assert (await shop.profile("c-7")).activity.views == 1
    with pytest.raises(CustomerNotFound):
        await shop.profile("c-8")


async def test_imported_events_may_create_their_products(shop, now):
    before = await shop.summary()

    (outcome,) = await shop.put_events(
        as_imported([BrowsingEvent(customer_id="c-7", product_id="p-9")]), create_products=True, now=now
    )

    assert outcome.status == "new"
    assert (await shop.summary()).n_products == before.n_products + 1


async def test_an_imported_id_with_other_content_is_refused(shop, now):
    await shop.record([viewed(event_id="e-1")], now=now)

    (outcome,) = await shop.put_events(as_imported([viewed("p-2", event_id="e-1")]), create_products=False, now=now)

    assert (outcome.status, outcome.field) == ("refused", "event_id")


async def test_the_history_is_the_newest_events_first(shop, now):
    await shop.record(
        [viewed(occurred_at=now - timedelta(minutes=minute)) for minute in range(MAX_HISTORY_EVENTS - 30)], now=now
    )
    await shop.record(
        [bought(occurred_at=now - timedelta(minutes=minute, seconds=30)) for minute in range(MAX_HISTORY_EVENTS - 30)],
        now=now,
    )

    history = unpack_history((await shop.customer_state("c-1")).history)

    assert len(history.occurred_at) == MAX_HISTORY_EVENTS
    assert history.occurred_at.tolist() == sorted(history.occurred_at.tolist(), reverse=True)
    assert [EVENT_TYPES[code] for code in history.event_types[:3]] == ["view", "purchase", "view"]


async def test_products_bought_long_ago_are_still_known(shop, now):
    await shop.record([bought(occurred_at=now - timedelta(days=3000))], now=now)
    await shop.record([viewed("p-2") for _ in range(MAX_HISTORY_EVENTS)], now=now)

    history = unpack_history((await shop.customer_state("c-1")).history)

    assert history.own.tolist() == [0, 1]
    assert history.bought_at.tolist() == [to_microseconds(now - timedelta(days=3000)), NEVER_BOUGHT]
    assert len(history.occurred_at) == MAX_HISTORY_EVENTS


async def test_creating_the_products_of_events_does_not_change_known_products(shop, now):
    before = (await shop.customer_state("c-1")).catalogue_version

    outcomes = await shop.put_events(as_imported([viewed("p-1")]), create_products=True, now=now)

    assert [one.status for one in outcomes] == ["new"]
    assert (await shop.customer_state("c-1")).catalogue_version == before
