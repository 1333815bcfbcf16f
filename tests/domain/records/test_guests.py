"""Guests and their merges, as messages."""

import pytest

from domain.errors import InvalidField
from domain.records.guests import GuestMerge, check_guest_id
from domain.records.interactions import BehaviorUpdate, BrowsingEvent, Interaction, Order, OrderItem, content_digest


def test_nobody_is_merged_into_oneself():
    with pytest.raises(InvalidField, match="Expected another id") as caught:
        GuestMerge(guest_id="c-1", customer_id="c-1").check()

    assert caught.value.pointer == "#/customer_id"
    assert GuestMerge(guest_id="c-1", customer_id="c-2").check() is None


@pytest.mark.parametrize("name", ["process-browsing", "process-purchase", "..", "a  b"])
def test_a_guest_cannot_have_the_name_of_a_path(name):
    with pytest.raises(InvalidField, match="Expected printable text") as caught:
        check_guest_id(name)

    assert caught.value.pointer == "#/customer_id"


def test_any_other_id_may_be_of_a_guest():
    assert check_guest_id("anonymous 12/3-\u00eb") is None


def test_an_update_of_a_guest_has_events_of_a_guest():
    update = BehaviorUpdate(
        customer_id="c-1",
        guest=True,
        browsing=(Interaction(product_id="p-1"),),
        purchases=(Order(items=(OrderItem(product_id="p-2"),)),),
    )

    assert [event.guest for event in update.events()] == [True, True]


def test_the_same_event_with_and_without_guest_is_the_same():
    one, other = (BrowsingEvent(customer_id="c-1", product_id="p-1", guest=guest) for guest in (True, False))

    assert content_digest(one) == content_digest(other)
