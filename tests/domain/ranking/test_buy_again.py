"""What a customer buys again: which products, when they are due, and in which order."""

from datetime import timedelta

import numpy as np
import pytest

from domain.ranking.buy_again import (
    DUE_SHARE,
    HALF_LIFE_DAYS,
    MAX_CLOSE_SHARE,
    MIN_REBOUGHT,
    MIN_REPEATED,
    ONE_IN_TWENTY,
    PRIOR_INTERVALS,
    REBOUGHT_SHARE,
    USUAL_DAYS,
    rank_buy_again,
)
from domain.ranking.catalogue import Catalogue
from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.history import unpack_history
from domain.ranking.model import UNTRAINED, Repeats
from domain.ranking.packed_history import pack_history
from domain.records.recommendations import ListRequest, Reason
from domain.records.values import DAY, from_microseconds
from tests.domain.shop import NOW, NOW_US, history_of, model_with, past_event, product

COFFEE, TEA, LAMP = product(0, category="coffee"), product(1, category="tea"), product(2, category="lamps")
REPEATS = Repeats(
    purchases={"": 0.5, "coffee": 1.0, "tea": MIN_REBOUGHT, "lamps": MIN_REBOUGHT - 0.01},
    days={"": 30.0, "coffee": 16.0, "tea": 20.0, "lamps": 40.0},
)
MODEL = model_with(repeats=REPEATS)
CLOSE = float(np.exp(-ONE_IN_TWENTY))
"""The share of an interval from which a product is in the list, for a deviation of 1."""


def purchases(item, *days_ago):
    return [past_event(item, "purchase", days) for days in days_ago]


def ranked(*events, model=MODEL, products=(COFFEE, TEA, LAMP), history=None, now=NOW, **request):
    catalogue = Catalogue([*({event.product.product_index: event.product for event in events}).values(), *products])
    inputs = CustomerInputs(history=unpack_history(history or history_of(*events)), model=model, catalogue=catalogue)
    return rank_buy_again(inputs, request=ListRequest(**request), now=now)


def ids_of(*events, **options):
    return [item.product.product_id for item in ranked(*events, **options).items]


def due_in(item):
    """Return the days from NOW until a product is due."""
    return (item.due_at - NOW) / timedelta(days=1)


def test_a_customer_without_purchases_has_an_empty_list():
    for events in ((), [past_event(COFFEE, "view"), past_event(TEA, "cart", 50)]):
        answer = ranked(*events)
        assert (answer.kind, answer.strategy, answer.items) == ("buy-again", "empty", [])


def test_a_product_is_due_after_the_usual_interval_of_its_category():
    answer = ranked(*purchases(COFFEE, 10))

    [item] = answer.items
    assert (answer.strategy, answer.model_id, item.product) == ("history", "m-1", COFFEE)
    assert due_in(item) == pytest.approx(16 - 10)


def test_the_own_intervals_count_beside_two_of_the_category():
    [item] = ranked(*purchases(COFFEE, 15, 11, 3)).items

    # The geometric mean of the intervals 4 and 8, and twice 16.
    assert due_in(item) == pytest.approx((4 * 8 * 16**2) ** (1 / (2 + PRIOR_INTERVALS)) - 3)


def test_several_purchases_of_a_day_are_one():
    one, several = (ranked(*purchases(COFFEE, *days)).items for days in ((20, 10), (20, 20.1, 10, 10.1)))

    assert [(item.score, item.reasons) for item in one] == [(item.score, item.reasons) for item in several]


def test_a_score_is_the_sum_of_own_purchases_those_of_others_and_how_far_the_interval_has_passed():
    [item] = ranked(*purchases(COFFEE, 8), model=model_with(repeats=REPEATS, newest_event_at=NOW_US)).items

    bought, rebought = 0.5 ** (8 / HALF_LIFE_DAYS), REBOUGHT_SHARE * 1.0
    due = DUE_SHARE * (8 / 16) * (bought + rebought)
    total = bought + rebought + due
    assert item.score == pytest.approx(total, abs=1e-6)
    assert item.reasons == [
        Reason(source="bought_before", share=round(bought / total, 4)),
        Reason(source="rebought", share=round(rebought / total, 4)),
        Reason(source="due", share=round(due / total, 4)),
    ]


def test_an_interval_that_passed_long_ago_counts_as_one_that_has_just_passed():
    [item] = ranked(*purchases(COFFEE, 160)).items

    parts = 0.5 ** (160 / HALF_LIFE_DAYS) + REBOUGHT_SHARE * 1.0
    assert item.score == pytest.approx((1 + DUE_SHARE) * parts, abs=1e-6)
    assert due_in(item) == pytest.approx(16 - 160)


def test_ages_count_from_the_newest_event_of_the_shop():
    old = ranked(*purchases(COFFEE, 1000), model=model_with(repeats=REPEATS, newest_event_at=NOW_US - 1000 * DAY))

    assert old.items[0].score == pytest.approx((1 + DUE_SHARE) * (1 + REBOUGHT_SHARE * 1.0), abs=1e-6)


def test_a_product_is_left_out_until_one_in_twenty_would_have_bought_it_again():
    assert ids_of(*purchases(COFFEE, 16 * CLOSE - 0.01)) == []
    assert ids_of(*purchases(COFFEE, 16 * CLOSE + 0.01)) == ["p-0"]


def test_where_intervals_are_regular_a_product_is_left_out_for_three_quarters_of_its_interval():
    regular = model_with(repeats=Repeats(purchases=REPEATS.purchases, days=REPEATS.days, deviation=0.0))

    assert ids_of(*purchases(COFFEE, 16 * MAX_CLOSE_SHARE - 0.01), model=regular) == []
    assert ids_of(*purchases(COFFEE, 16 * MAX_CLOSE_SHARE + 0.01), model=regular) == ["p-0"]


def test_a_single_purchase_counts_only_in_a_category_that_is_bought_again():
    assert ids_of(*purchases(TEA, 50), *purchases(LAMP, 50)) == ["p-1"]
    assert ids_of(*purchases(TEA, 50), *purchases(LAMP, 90, 50)) == ["p-2", "p-1"]


def test_products_of_unknown_categories_are_judged_by_the_whole_shop():
    unknown, without = product(5, category="new"), product(6)
    few = model_with(repeats=Repeats(purchases={"": MIN_REBOUGHT - 0.01}, days={"": 12.0}))

    for item in (unknown, without):
        [found] = ranked(*purchases(item, 10), model=MODEL).items
        assert due_in(found) == pytest.approx(30 - 10)
        assert ids_of(*purchases(item, 10), model=few) == []


def test_an_untrained_shop_lists_what_a_customer_bought_on_several_days():
    answer = ranked(*purchases(COFFEE, 50), *purchases(TEA, 90, 50), model=UNTRAINED)

    [item] = answer.items
    assert (item.product, answer.model_id) == (TEA, "untrained")
    assert due_in(item) == pytest.approx((40 * USUAL_DAYS**2) ** (1 / 3) - 50)
    assert [reason.source for reason in item.reasons] == ["bought_before", "due"]


def test_what_was_bought_often_and_lately_comes_first_and_ties_go_to_the_lower_index():
    often, seldom, twin = (product(index, category="coffee") for index in (7, 5, 6))
    events = [*purchases(often, 60, 40, 20), *purchases(seldom, 20), *purchases(twin, 20)]

    assert ids_of(*events) == ["p-7", "p-5", "p-6"]
    assert ids_of(*events, limit=2) == ["p-7", "p-5"]


def test_a_purchase_beyond_the_newest_events_counts_as_one():
    packed = history_of(past_event(LAMP, "view"), bought={0: NOW_US - 20 * DAY})

    [item] = ranked(history=packed).items
    assert (item.product, due_in(item)) == (COFFEE, pytest.approx(16 - 20))


def test_what_went_back_is_never_due():
    events = [event.packable() for event in (*purchases(COFFEE, 90, 60, 30), *purchases(TEA, 60, 30))]
    went_back = [(COFFEE.product_index, NOW_US - 25 * DAY)]

    assert ids_of(history=pack_history(events, went_back)) == ["p-1"]
    bought_later = past_event(COFFEE, "purchase", 20).packable()
    assert ids_of(history=pack_history([*events, bought_later], went_back)) == ["p-0", "p-1"]


def test_filters_apply_before_the_best_are_taken_and_nothing_unavailable_is_listed():
    gone = product(8, category="coffee", available=False)
    events = [*purchases(gone, 60, 30), *purchases(COFFEE, 60, 30), *purchases(TEA, 60, 30)]

    assert ids_of(*events) == ["p-0", "p-1"]
    assert ids_of(*events, categories=frozenset({"tea"}), limit=1) == ["p-1"]
    assert ids_of(*events, exclude=frozenset({"p-0"})) == ["p-1"]


def test_purchases_of_all_variants_count_for_the_one_that_was_bought_last():
    small, large = (product(index, category="coffee", variant_of="beans") for index in (3, 4))

    [item] = ranked(*purchases(large, 40, 12), *purchases(small, 26)).items

    assert item.product == large
    assert due_in(item) == pytest.approx((14 * 14 * 16**2) ** (1 / 4) - 12)


def test_another_bought_variant_stands_for_one_that_is_not_available():
    small = product(3, category="coffee", variant_of="beans")
    large = product(4, category="coffee", variant_of="beans", available=False)

    [item] = ranked(*purchases(large, 12), *purchases(small, 26)).items

    assert (item.product, due_in(item)) == (small, pytest.approx((14 * 16**2) ** (1 / 3) - 12))


def test_an_interval_counts_from_the_last_purchase_to_the_microsecond():
    [item] = ranked(*purchases(COFFEE, 10.5)).items

    assert item.due_at == from_microseconds(NOW_US - int(10.5 * DAY) + int(np.exp(np.log(16.0)) * DAY))


def test_two_purchases_are_a_habit_only_in_a_category_that_some_customers_rebuy():
    player = product(3, category="audio")
    for rate, n_days, listed in ((MIN_REPEATED, 2, True), (MIN_REPEATED - 0.01, 2, False), (MIN_REPEATED - 0.01, 3, True)):
        model = model_with(repeats=Repeats(purchases={"": 0.5, "audio": rate}, days={"": 30.0}))

        assert bool(ids_of(*purchases(player, *(400, 300, 200)[-n_days:]), model=model)) == listed
