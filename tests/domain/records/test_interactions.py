"""Interactions and orders: their instants, limits and digests."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from domain.errors import EventTooOld, InvalidField, TooManyItems
from domain.records.interactions import (
    BehaviorUpdate,
    BrowsingEvent,
    EventCounts,
    Interaction,
    Order,
    OrderItem,
    Purchase,
    check_occurred,
    check_update,
    content_digest,
    count_events,
    oldest_kept,
)
from domain.records.values import EPOCH
from tests.domain.shop import NOW

VIEW = BrowsingEvent(customer_id="c-1", product_id="p-1", occurred_at=NOW, event_id="e-1")
LAMP, DESK = OrderItem(product_id="p-1", unit_price=40.0), OrderItem(product_id="p-2", quantity=2)
PURCHASE = Purchase(customer_id="c-1", items=(LAMP, DESK), currency="EUR", occurred_at=NOW, order_id="o-1")


def check(occurred_at, *, retention_days=10):
    check_occurred(
        Interaction(product_id="p-1", occurred_at=occurred_at),
        now=NOW,
        retention_days=retention_days,
        pointer="#/browsing/3",
    )


@pytest.mark.parametrize(
    "occurred_at", [None, NOW, NOW + timedelta(minutes=5), NOW - timedelta(days=10)], ids=["none", "now", "newest", "oldest"]
)
def test_an_event_may_be_five_minutes_ahead_and_as_old_as_the_retention(occurred_at):
    check(occurred_at)


def test_an_event_more_than_five_minutes_ahead_is_refused():
    with pytest.raises(InvalidField, match="at most 5 minutes ahead") as refused:
        check(NOW + timedelta(minutes=5, microseconds=1))

    assert refused.value.pointer == "#/browsing/3/occurred_at"


def test_an_event_older_than_the_retention_is_refused():
    with pytest.raises(EventTooOld, match="the last 10 days") as refused:
        check(NOW - timedelta(days=10, microseconds=1))

    assert refused.value.pointer == "#/browsing/3/occurred_at"


def test_a_retention_of_0_days_keeps_every_event():
    check(EPOCH, retention_days=0)
    assert oldest_kept(NOW, retention_days=0) == EPOCH


def test_a_retention_longer_than_the_time_since_1970_keeps_every_event():
    assert oldest_kept(NOW, retention_days=100_000) == EPOCH
    assert oldest_kept(NOW, retention_days=1) == NOW - timedelta(days=1)


def test_an_update_without_events_is_refused():
    with pytest.raises(msgspec.ValidationError, match="at least one event"):
        msgspec.convert({"customer_id": "c-1"}, BehaviorUpdate)


def test_the_events_of_an_update_name_their_customer_interactions_first():
    update = BehaviorUpdate(
        customer_id="c-1",
        browsing=(Interaction(product_id="p-1", event_type="cart"),),
        purchases=(Order(items=(LAMP,), order_id="o-1"),),
    )

    assert update.events() == [
        BrowsingEvent(customer_id="c-1", product_id="p-1", event_type="cart"),
        Purchase(customer_id="c-1", items=(LAMP,), order_id="o-1"),
    ]
    assert count_events(update.events()) == EventCounts(browsing=1, purchases=1)


def test_an_update_takes_at_most_500_order_items():
    full, one_more = Order(items=(LAMP,) * 100), Order(items=(LAMP,))

    check_update(BehaviorUpdate(customer_id="c-1", purchases=(full,) * 5), now=NOW, retention_days=0)
    with pytest.raises(TooManyItems, match="at most 500 order items"):
        check_update(BehaviorUpdate(customer_id="c-1", purchases=(*(full,) * 5, one_more)), now=NOW, retention_days=0)


def test_the_instants_of_all_events_of_an_update_are_checked():
    update = BehaviorUpdate(
        customer_id="c-1",
        browsing=(Interaction(product_id="p-1"),),
        purchases=(Order(items=(LAMP,)), Order(items=(LAMP,), occurred_at=NOW + timedelta(hours=1))),
    )

    with pytest.raises(InvalidField) as refused:
        check_update(update, now=NOW, retention_days=0)

    assert refused.value.pointer == "#/purchases/1/occurred_at"


@pytest.mark.parametrize(
    ("event", "same"),
    [
        (VIEW, replace(VIEW, event_id="e-2")),
        (PURCHASE, replace(PURCHASE, order_id="o-2")),
        (PURCHASE, replace(PURCHASE, items=(DESK, LAMP))),
        (PURCHASE, replace(PURCHASE, items=(replace(LAMP, quantity=1), DESK))),
    ],
    ids=["event id", "order id", "sequence of items", "default quantity"],
)
def test_the_digest_does_not_depend_on_ids_the_sequence_of_items_and_defaults(event, same):
    assert content_digest(same) == content_digest(event)
    assert len(content_digest(event)) == 16


@pytest.mark.parametrize(
    ("event", "other"),
    [
        (VIEW, replace(VIEW, customer_id="c-2")),
        (VIEW, replace(VIEW, product_id="p-2")),
        (VIEW, replace(VIEW, event_type="cart")),
        (VIEW, replace(VIEW, dwell_seconds=1.0)),
        (VIEW, replace(VIEW, occurred_at=None)),
        (PURCHASE, replace(PURCHASE, customer_id="c-2")),
        (PURCHASE, replace(PURCHASE, currency="SEK")),
        (PURCHASE, replace(PURCHASE, occurred_at=None)),
        (PURCHASE, replace(PURCHASE, items=(LAMP,))),
        (PURCHASE, replace(PURCHASE, items=(replace(LAMP, unit_price=41.0), DESK))),
        (PURCHASE, replace(PURCHASE, items=(LAMP, replace(DESK, quantity=3)))),
    ],
    ids=[
        "customer", "product", "type", "dwell time", "instant", "customer of an order", "currency", "instant of an order",
        "items", "price", "quantity",
    ],
)  # fmt: skip
def test_the_digest_depends_on_all_other_content(event, other):
    assert content_digest(other) != content_digest(event)
