"""What lists led to, counted from stored facts alone, in every repository."""

import asyncio
from datetime import timedelta

import pytest

from domain.evaluation.attribution import click_rate
from domain.records.amendments import OrderAmendment, RemainingItem
from domain.records.customers import NewCustomer
from domain.records.guests import GuestMerge
from domain.records.imports import OrderReturn, ReturnedItem
from domain.records.impressions import RecordedImpressions, ShownList
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.list_references import ListReference
from domain.records.periods import Period
from domain.records.placements import ShownSums
from domain.records.products import ProductChange
from domain.records.recommendation_ids import Origin, recommendation_id
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import impressions
from infra.storage.sql.placements import MAX_PLACES
from infra.storage.sql.statements import executemany
from infra.use_cases.purge import purge
from tests.imports import as_imported

DAYS = 7


@pytest.fixture
async def shop(repository, now):
    await repository.put_products(
        [ProductChange(product_id=f"p-{n}", price=2.5, currency="EUR") for n in range(6)], now=now - timedelta(days=400)
    )
    for name in ("c-1", "c-2"):
        await repository.create_customer(NewCustomer(customer_id=name), now=now)
    return repository


@pytest.fixture
async def listed(shop, now):
    """Return a function that returns the id of a new list; its number is the n-th of the test."""
    key = await shop.signing_key()

    def make(n, placement="home", *, kind="similar", arm=None, key=key):
        nonce = n.to_bytes(8, "big")
        origin = Origin(kind=kind, model_id="m", at=int(now.timestamp()), nonce=nonce, placement=placement, arm=arm)
        return recommendation_id(origin, key=key)

    return make


@pytest.fixture
def at(now):
    """Return a function that returns an instant some days ago."""
    return lambda days: now - timedelta(days=days)


def seen(identifier, *products):
    return ShownList(recommendation_id=identifier, product_ids=tuple(products))


def clicked(identifier, product_id="p-1", customer_id="c-1", **values):
    return BrowsingEvent(customer_id=customer_id, product_id=product_id, recommendation_id=identifier, **values)


def bought(*items, order_id="o-1", customer_id="c-1", **values):
    """Return an order of products, each given alone or with its quantity and the id of a list."""
    parts = [(item, 1, None) if isinstance(item, str) else item for item in items]
    lines = tuple(OrderItem(product_id=one, quantity=n, recommendation_id=listed_in) for one, n, listed_in in parts)
    return Purchase(customer_id=customer_id, order_id=order_id, items=lines, **values)


async def totals(shop, now, *, days=DAYS, since=30):
    """Return the totals of the last days by placement."""
    period = Period(begins_at=now - timedelta(days=since), ends_at=now + timedelta(seconds=1))
    found = await shop.placement_totals(period, attribution_days=days)
    assert found.is_complete
    return {one.place.placement: one for one in found.places}


async def orders(shop, now, **options):
    """Return the numbers of orders and the revenue by placement."""
    found = await totals(shop, now, **options)
    return {name: (one.orders, one.revenue.total) for name, one in found.items() if one.orders}


async def test_without_events_there_is_nothing_to_report(shop, now):
    assert await totals(shop, now) == {}


async def test_a_product_of_a_list_counts_once_as_seen(shop, listed, now):
    one, other = listed(1), listed(2)
    first = await shop.record_impressions([seen(one, "p-1", "p-2"), seen(other, "p-1")], now=now)
    again = await shop.record_impressions([seen(one, "p-1", "p-2", "p-3"), seen(one, "p-3")], now=now + timedelta(days=1))

    assert first == RecordedImpressions(recorded=3, seen_before=0, unknown=0)
    assert again == RecordedImpressions(recorded=1, seen_before=3, unknown=0)
    shown = (await totals(shop, now + timedelta(days=1)))["home"].shown
    assert shown == ShownSums(lists=2, impressions=4, squares=3 * 3 + 1, clicked=0, clicked_squares=0, products=0)
    assert (await totals(shop, now))["home"].shown.impressions == 3


async def test_lists_of_other_shops_and_unknown_products_count_as_unknown(shop, listed, now):
    shown = [seen(listed(1, key=b"x" * 32), "p-1", "p-2"), seen("not an id", "p-1"), seen(listed(2), "p-1", "nothing")]

    assert await shop.record_impressions(shown, now=now) == RecordedImpressions(recorded=1, seen_before=0, unknown=4)
    assert await shop.record_impressions(shown[:2], now=now) == RecordedImpressions(recorded=0, seen_before=0, unknown=3)
    unknown = await shop.record_impressions([seen(listed(3), "nothing")], now=now)
    assert unknown == RecordedImpressions(recorded=0, seen_before=0, unknown=1)


async def test_products_are_seen_under_any_of_their_ids(shop, listed, now):
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku",))], now=now)

    recorded = await shop.record_impressions([seen(listed(1), "sku", "p-1")], now=now)

    assert recorded == RecordedImpressions(recorded=1, seen_before=1, unknown=0)


async def test_impressions_that_come_at_the_same_moment_count_once(database_url, shop, listed, now):
    lists = [seen(listed(n), *(f"p-{m}" for m in range(6))) for n in range(3)]
    async with open_repository(Settings(database_url=database_url)) as other:
        stores = [shop, other] * 32
        sent = [store.record_impressions(lists[:: (-1) ** n], now=now) for n, store in enumerate(stores)]
        answers = await asyncio.gather(*sent)

    assert sum(answer.recorded for answer in answers) == 18
    assert sum(answer.seen_before for answer in answers) == 63 * 18
    assert (await totals(shop, now))["home"].shown.impressions == 18


async def test_a_click_counts_once_for_each_product_of_a_list(shop, listed, now):
    one, other = listed(1), listed(2, "cart")
    await shop.record([clicked(one, event_id="e-1"), clicked(one), clicked(one, "p-2"), clicked(other)], now=now)
    repeated = await shop.record([clicked(one, event_id="e-1")], now=now)
    await shop.record([clicked(one, customer_id="c-2")], now=now)
    await shop.record([BrowsingEvent(customer_id="c-1", product_id="p-3")], now=now)

    assert repeated.seen_before.browsing == 1
    found = await totals(shop, now)
    assert {name: one.clicks for name, one in found.items()} == {"home": 2, "cart": 1}
    assert found["home"].shown == ShownSums()


async def test_a_retry_with_another_list_stays_as_it_was_recorded_first(shop, listed, now):
    one, other = listed(1), listed(2, "cart")
    await shop.record([clicked(one, event_id="e-1"), bought(("p-2", 1, one))], now=now)

    for retry in (other, None, "not an id"):
        again = await shop.record([clicked(retry, event_id="e-1"), bought(("p-2", 1, retry))], now=now)
        assert (again.seen_before.browsing, again.seen_before.purchases) == (1, 1)

    found = await totals(shop, now)
    assert [(name, one.clicks, one.orders) for name, one in found.items()] == [("home", 1, 1)]


async def test_an_event_with_the_id_of_another_shop_is_recorded_without_it(shop, listed, now):
    foreign = listed(1, key=b"x" * 32)
    recorded = await shop.record([clicked(foreign), clicked("?"), bought(("p-1", 1, foreign))], now=now)

    assert (recorded.accepted.browsing, recorded.accepted.purchases) == (2, 1)
    assert await totals(shop, now) == {}


async def test_the_click_rate_is_about_products_that_were_seen(shop, listed, now):
    one, other = listed(1), listed(2)
    await shop.record_impressions([seen(one, "p-1", "p-2", "p-3"), seen(other, "p-1", "p-2")], now=now)
    await shop.record([clicked(one), clicked(one, "p-3"), clicked(one, "p-5"), clicked(other, "p-2")], now=now)

    found = (await totals(shop, now))["home"]

    assert (found.clicks, found.shown) == (
        4,
        ShownSums(lists=2, impressions=5, clicked=3, squares=9 + 4, clicked_squares=4 + 1, products=3 * 2 + 2 * 1),
    )
    assert click_rate(found.shown).value == 0.6


async def test_carts_that_were_taken_back_are_no_clicks(shop, listed, now, at):
    one = listed(1)
    await shop.record([clicked(one, event_type="cart", occurred_at=at(2)), clicked(one, "p-2", event_type="cart")], now=now)
    back = clicked(one, event_type="remove_from_cart", occurred_at=at(1))
    await shop.record([back, bought("p-1")], now=now)

    assert (await totals(shop, now))["home"].clicks == 1
    assert await orders(shop, now) == {}


async def test_places_differ_by_kind_placement_and_arm(shop, listed, now):
    lists = [
        listed(1, None), listed(2, None, kind="popular"), listed(3, None, arm="a"), listed(4, 'é, "ü"'), listed(5, None),
    ]  # fmt: skip
    await shop.record_impressions([seen(one, "p-1") for one in lists], now=now)

    period = Period(begins_at=now, ends_at=now + timedelta(seconds=1))
    found = await shop.placement_totals(period, attribution_days=DAYS)

    places = {(one.place.kind, one.place.placement, one.place.arm): one.shown.lists for one in found.places}
    assert places == {
        ("similar", None, None): 2, ("popular", None, None): 1, ("similar", None, "a"): 1, ("similar", 'é, "ü"', None): 1,
    }  # fmt: skip


async def test_an_item_counts_for_the_list_that_it_names(shop, listed, now):
    one, other = listed(1), listed(2, "cart")
    items = (("p-1", 2, one), ("p-2", 1, other), ("p-3", 4, one), "p-4")
    await shop.record([bought(*items), bought(("p-1", 1, one), order_id="o-2")], now=now)

    assert await orders(shop, now) == {"home": (2, 2 * 2.5 + 4 * 2.5 + 2.5), "cart": (1, 2.5)}
    revenue = (await totals(shop, now))["home"].revenue
    assert (revenue.squares, revenue.largest) == (15.0**2 + 2.5**2, 15.0)


async def test_an_item_counts_for_the_last_click_on_its_product_before_it(shop, listed, now, at):
    lists = [listed(n, f"at {n}") for n in range(5)]
    await shop.record(
        [
            clicked(lists[0], occurred_at=at(3)),
            clicked(lists[1], occurred_at=at(2)),
            clicked(lists[2], occurred_at=at(0.5)),  # after the order
            clicked(lists[3], "p-2", occurred_at=at(1.5)),
        ],
        now=now,
    )
    await shop.record([clicked(lists[4], customer_id="c-2", occurred_at=at(1.5))], now=now)
    await shop.record([bought("p-1", "p-3", occurred_at=at(1))], now=now)

    assert await orders(shop, now) == {"at 1": (1, 2.5)}


async def test_an_item_that_names_its_list_does_not_count_for_a_click(shop, listed, now, at):
    await shop.record([clicked(listed(1, "clicked"), occurred_at=at(1))], now=now)
    await shop.record([bought(("p-1", 1, listed(2, "named")))], now=now)

    assert await orders(shop, now) == {"named": (1, 2.5)}


async def test_a_click_counts_for_some_days_and_for_every_later_order(shop, listed, now, at):
    await shop.record([clicked(listed(1), occurred_at=at(10))], now=now)
    instants = (at(10), at(3), at(3) + timedelta(microseconds=1))
    await shop.record([bought("p-1", order_id=f"o-{n}", occurred_at=one) for n, one in enumerate(instants)], now=now)

    assert await orders(shop, now) == {"home": (2, 5.0)}
    assert await orders(shop, now, days=8) == {"home": (3, 7.5)}
    assert await orders(shop, now, days=0) == {"home": (1, 2.5)}
    assert await orders(shop, now, since=5) == {"home": (1, 2.5)}  # the click was before the period


async def test_a_period_ends_before_its_end(shop, listed, now):
    one = listed(1)
    await shop.record_impressions([seen(one, "p-1")], now=now)
    await shop.record([clicked(one, occurred_at=now), bought(("p-2", 1, one), occurred_at=now)], now=now)

    def during(begin, end):
        period = Period(begins_at=now + timedelta(seconds=begin), ends_at=now + timedelta(seconds=end))
        return shop.placement_totals(period, attribution_days=DAYS)

    assert (await during(-1, 0)).places == (await during(1, 2)).places == []
    [found] = (await during(0, 1)).places
    assert (found.shown.impressions, found.clicks, found.orders) == (1, 1, 1)


async def test_what_went_back_does_not_count(shop, listed, now, at):
    one = listed(1)
    await shop.record([clicked(one, "p-3", occurred_at=at(1))], now=now)
    await shop.record([bought("p-0", ("p-1", 4, one), ("p-2", 2, one), "p-3")], now=now)
    assert await orders(shop, now) == {"home": (1, 6 * 2.5 + 2.5)}

    def left(*items):
        remaining = tuple(RemainingItem(product_id=name, quantity=n) for name, n in items)
        return shop.amend_order(OrderAmendment(customer_id="c-1", order_id="o-1", items=remaining))

    await left(("p-1", 1), ("p-2", 2))
    assert await orders(shop, now) == {"home": (1, 7.5)}
    await left()
    assert await orders(shop, now) == {}
    await left(("p-0", 1), ("p-1", 3), ("p-3", 1))
    assert await orders(shop, now) == {"home": (1, 10.0)}
    back = OrderReturn(customer_id="c-1", return_id="r", order_id="o-1", items=(ReturnedItem(product_id="p-1", quantity=3),))
    await shop.put_returns([back], now=now)
    assert await orders(shop, now) == {"home": (1, 2.5)}


async def test_of_several_items_with_one_product_the_first_list_counts(shop, listed, now):
    one, other = listed(1), listed(2, "cart")
    await shop.record([bought("p-1", ("p-1", 1, one), ("p-1", 2, other), "p-2")], now=now)
    assert await orders(shop, now) == {"home": (1, 10.0)}

    remaining = (RemainingItem(product_id="p-1", quantity=3),)
    await shop.amend_order(OrderAmendment(customer_id="c-1", order_id="o-1", items=remaining))

    assert await orders(shop, now) == {"home": (1, 7.5)}


async def test_an_import_that_replaces_an_order_keeps_its_lists(shop, listed, now):
    one = listed(1)
    sent = bought(("p-1", 1, one), "p-2", occurred_at=now)
    await shop.record([sent], now=now)

    imported = bought("p-2", ("p-1", 3, None), occurred_at=now)
    (outcome,) = await shop.put_events(as_imported([imported]), create_products=False, import_id="i-1", now=now)

    assert (outcome.status, await orders(shop, now)) == ("replaced", {"home": (1, 7.5)})
    while await shop.undo_import("i-1"):
        pass
    assert await orders(shop, now) == {"home": (1, 2.5)}


async def test_the_clicks_of_a_guest_count_for_the_orders_of_the_customer(shop, listed, now, at):
    await shop.record([clicked(listed(1), customer_id="g-1", guest=True, occurred_at=at(2))], now=now)
    await shop.record([bought("p-1", occurred_at=at(1))], now=now)
    assert await orders(shop, now) == {}

    await shop.merge_guest(GuestMerge(guest_id="g-1", customer_id="c-1"), now=now)

    assert await orders(shop, now) == {"home": (1, 2.5)}
    assert (await totals(shop, now))["home"].clicks == 1


async def test_clicks_and_orders_of_an_alias_count_for_its_product(shop, listed, now, at):
    one = listed(1)
    await shop.record_impressions([seen(one, "p-1")], now=now)
    await shop.record([bought("sku", occurred_at=at(1))], now=now, create_products=True)
    await shop.record([clicked(one, "sku", occurred_at=at(2)), clicked(one, occurred_at=at(2))], now=now)
    await shop.record([bought("sku-2", ("sku", 1, one), order_id="o-2")], now=now, create_products=True)
    await shop.put_products([ProductChange(product_id="p-1", aliases=("sku", "sku-2"))], now=now)
    await shop.merge_aliases()

    found = (await totals(shop, now))["home"]

    assert (found.clicks, found.shown.clicked, found.orders) == (1, 1, 2)


async def test_an_erased_customer_counts_no_more(shop, listed, now, at):
    one = listed(1)
    await shop.record_impressions([seen(one, "p-1")], now=now)
    await shop.record([clicked(one, occurred_at=at(1)), bought("p-1")], now=now)

    await shop.erase("c-1")

    found = (await totals(shop, now))["home"]
    assert (found.shown.impressions, found.clicks, found.orders) == (1, 0, 0)


async def test_a_list_has_no_more_impressions_than_a_list_has_products(shop, listed, now):
    products = [f"q-{n:03}" for n in range(120)]
    await shop.put_products([ProductChange(product_id=name) for name in products], now=now)
    one = listed(1)

    first = await shop.record_impressions([seen(one, *products[:90])], now=now)
    more = await shop.record_impressions([seen(one, *products[80:120])], now=now)
    again = await shop.record_impressions([seen(one, *products[:100])], now=now)

    assert first == RecordedImpressions(recorded=90, seen_before=0, unknown=0)
    assert more == RecordedImpressions(recorded=10, seen_before=10, unknown=20)
    assert again == RecordedImpressions(recorded=0, seen_before=100, unknown=0)


async def test_impressions_that_no_report_reaches_are_deleted_without_any_retention(shop, listed, now, at):
    await shop.record_impressions([seen(listed(1), "p-1")], now=at(401))
    await shop.record_impressions([seen(listed(2), "p-1")], now=at(399))

    await purge(shop, now=now, retention_days=0)

    assert (await totals(shop, now, since=402))["home"].shown.impressions == 1


async def test_the_retention_deletes_impressions_too(shop, listed, now, at, monkeypatch):
    monkeypatch.setattr(impressions, "MAX_ROWS", 2)
    for days in (40, 11, 9):
        await shop.record_impressions([seen(listed(days, f"{days}"), "p-1", "p-2", "p-3")], now=at(days))

    assert await purge(shop, now=now, retention_days=0) == 0
    assert set(await totals(shop, now, since=50)) == {"40", "11", "9"}
    assert await purge(shop, now=now, retention_days=10) == 0

    assert set(await totals(shop, now, since=50)) == {"9"}


@pytest.fixture
async def with_rates(database_url, shop):
    async with open_repository(Settings(database_url=database_url, currency_rates="USD=0.5")) as opened:
        yield opened


async def test_money_without_a_rate_does_not_count(with_rates, listed, now):
    one = listed(1)
    for number, currency in enumerate(("EUR", "USD", "GBP")):
        item = OrderItem(product_id="p-1", unit_price=10.0, quantity=3, recommendation_id=one)
        order = Purchase(customer_id="c-1", order_id=f"o-{number}", items=(item,), currency=currency)
        await with_rates.record([order], now=now)

    found = (await totals(with_rates, now))["home"]

    assert (found.orders, found.revenue.total, found.revenue.largest) == (3, 45.0, 30.0)
    assert found.revenue.squares == 30.0**2 + 15.0**2


async def test_the_largest_orders_are_added_up_exactly(shop, listed, now):
    one = listed(1)
    items = tuple(OrderItem(product_id=f"p-{n}", unit_price=1e9, quantity=100_000, recommendation_id=one) for n in range(6))
    for number in range(3):
        await shop.record([Purchase(customer_id="c-1", order_id=f"o-{number}", items=items)], now=now)

    assert await orders(shop, now) == {"home": (3, 18e14)}


async def test_an_order_without_prices_has_no_revenue(shop, listed, now):
    await shop.put_products([ProductChange(product_id="free", price=None)], now=now)
    await shop.record([bought(("free", 3, listed(1)))], now=now)

    assert await orders(shop, now) == {"home": (1, 0.0)}


async def test_an_export_says_which_list_an_event_came_from(shop, listed, now):
    one = listed(26, arm="a")
    await shop.record([clicked(one), BrowsingEvent(customer_id="c-1", product_id="p-2")], now=now)
    await shop.record([bought(("p-1", 2, one), "p-2")], now=now)
    reference = ListReference(kind="similar", placement="home", arm="a", nonce="000000000000001a")

    exported = await shop.export("c-1")
    await shop.amend_order(
        OrderAmendment(customer_id="c-1", order_id="o-1", items=(RemainingItem(product_id="p-1", quantity=1),))
    )
    amended = await shop.export("c-1")

    assert {view.product_id: view.recommended_by for view in exported.browsing if view.recommended_by} == {"p-1": reference}
    for items in (exported.purchases[0].items, amended.purchases[0].items, amended.amended_orders[0].items):
        assert {item.product_id: item.recommended_by for item in items if item.recommended_by} == {"p-1": reference}


async def test_too_many_places_are_said_to_be_too_many(shop, now):
    at = int(now.timestamp() * 1_000_000)
    places = [(f"{n}", 1, f'["similar","{n:04}",null]', at) for n in range(MAX_PLACES + 1)]
    statement = "INSERT INTO list_impressions (list_nonce, product_index, list_place, shown_at) VALUES (?, ?, ?, ?)"
    period = Period(begins_at=now, ends_at=now + timedelta(seconds=1))
    await shop.engine.write(executemany, statement, places[:MAX_PLACES])
    assert (await shop.placement_totals(period, attribution_days=DAYS)).is_complete

    await shop.engine.write(executemany, statement, places[MAX_PLACES:])

    assert not (await shop.placement_totals(period, attribution_days=DAYS)).is_complete
