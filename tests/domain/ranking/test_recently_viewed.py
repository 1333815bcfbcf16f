"""What a customer looked at lately."""

import pytest

from domain.ranking.catalogue import Catalogue
from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import pack_history
from domain.ranking.recently_viewed import rank_recently_viewed
from domain.records.recommendations import ListRequest, Reason
from domain.records.values import DAY
from tests.domain.shop import NOW, NOW_US, history_of, model_with, past_event, product

TENT, LAMP, MAT = (product(index, category="camping") for index in range(3))


def ranked(*events, history=None, **request):
    catalogue = Catalogue([TENT, LAMP, MAT, *({event.product.product_index: event.product for event in events}).values()])
    inputs = CustomerInputs(history=unpack_history(history or history_of(*events)), model=model_with(), catalogue=catalogue)
    return rank_recently_viewed(inputs, request=ListRequest(**request), now=NOW)


def ids_of(*events, **options):
    return [item.product.product_id for item in ranked(*events, **options).items]


def test_products_are_listed_once_by_their_newest_event():
    events = [past_event(TENT, "view", 9), past_event(LAMP, "cart", 3), past_event(TENT, "wishlist", 1)]

    answer = ranked(*events)

    assert [item.product for item in answer.items] == [TENT, LAMP]
    assert (answer.kind, answer.strategy, answer.model_id) == ("recently-viewed", "history", "m-1")
    assert [item.score for item in answer.items] == [pytest.approx(1 / 2), pytest.approx(1 / 4)]
    assert answer.items[0].reasons == [Reason(source="looked_at", share=1.0)]


def test_a_purchase_is_no_look():
    answer = ranked(past_event(TENT, "purchase", 1))

    assert (answer.strategy, answer.items) == ("empty", [])
    assert ids_of(past_event(TENT, "purchase", 1), past_event(TENT, "view", 3), past_event(LAMP, "view", 2)) == [
        "p-1",
        "p-0",
    ]


def test_of_one_instant_the_lower_index_comes_first_and_a_clock_ahead_is_now():
    answer = ranked(past_event(MAT, "view", -0.001), past_event(TENT, "view"), past_event(LAMP, "view"))

    assert [(item.product, item.score) for item in answer.items] == [(MAT, 1.0), (TENT, 1.0), (LAMP, 1.0)]


def test_filters_apply_before_the_newest_are_taken_and_nothing_unavailable_is_listed():
    gone, cheap = product(3, available=False), product(4, category="shoes", price=5.0)
    events = [past_event(gone, "view", 1), past_event(TENT, "view", 2), past_event(cheap, "view", 3)]

    assert ids_of(*events) == ["p-0", "p-4"]
    assert ids_of(*events, limit=1) == ["p-0"]
    assert ids_of(*events, max_price=9.0, limit=1) == ["p-4"]
    assert ids_of(*events, exclude=frozenset({"p-0"})) == ["p-4"]


def test_of_several_variants_the_one_of_the_newest_event_is_listed():
    red, blue = (product(index, variant_of="jacket") for index in (5, 6))
    events = [past_event(red, "view", 1), past_event(TENT, "view", 2), past_event(blue, "view", 3)]

    assert ids_of(*events) == ["p-5", "p-0"]
    assert ids_of(*events, exclude=frozenset({"p-5"})) == ["p-0", "p-6"]


def test_what_went_back_is_not_shown_again():
    events = [past_event(TENT, "view", 1).packable(), past_event(LAMP, "view", 2).packable()]

    assert ids_of(history=pack_history(events, [(TENT.product_index, NOW_US - 5 * DAY)])) == ["p-1"]
