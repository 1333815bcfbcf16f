"""What a part earns, from the NDCG of the same customers with it and without it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from domain.evaluation.explanation import most_plausible, part_result
from domain.evaluation.parts import Part
from domain.ranking.model import UNTRAINED

LEARNED = Part(name="popular", weight=0.5, without=UNTRAINED, is_learned=True)
FROM_THE_SHOP = Part(name="season", weight=0.5, without=UNTRAINED)


def result_of(with_it, without, *, part=LEARNED):
    return part_result(part, model="served", ndcg=np.array(with_it), without=np.array(without))


def test_a_part_earns_the_mean_difference_of_the_same_customers():
    result = result_of([0.5, 0.5, 1.0, 0.0] * 10, [0.25, 0.25, 0.5, 0.0] * 10)

    assert (result.model, result.part, result.weight, result.customers) == ("served", "popular", 0.5, 40)
    assert (result.ndcg, result.ndcg_without, result.difference) == (0.5, 0.25, 0.25)
    assert result.customers_changed == 30
    low, high = result.difference_interval
    assert 0 < low < 0.25 < high < 0.5
    assert result.verdict == "better"


def test_a_part_that_costs_hits_makes_lists_worse():
    assert result_of([0.25, 0.0] * 20, [0.5, 0.25] * 20).verdict == "worse"


def test_gains_of_some_and_losses_of_others_are_not_sure():
    assert result_of([0.6, 0.4] * 20, [0.5, 0.5] * 20).verdict == "unsure"


@pytest.mark.parametrize(("n_changed", "verdict"), [(9, "unsure"), (10, "better")])
def test_a_difference_of_fewer_than_ten_customers_is_never_sure(n_changed, verdict):
    assert result_of([1.0] * n_changed + [0.5] * 5, [0.5] * (n_changed + 5)).verdict == verdict


def test_a_part_without_weight_is_unused():
    unused = Part(name="popular", weight=0.0, without=UNTRAINED)

    result = result_of([0.5] * 20, [0.5] * 20, part=unused)

    assert (result.verdict, result.difference, result.difference_interval) == ("unused", 0.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("with_it", "without", "is_implausible"),
    [(0.5, 0.2, True), (0.35, 0.2, False), (0.95, 0.7, True), (0.8, 0.7, False), (0.01, 0.0, True)],
    ids=["more than all others", "less than all others", "most of the rest", "little of the rest", "all there is"],
)
def test_a_part_of_the_shop_is_implausible_if_it_earns_more_than_all_others_or_half_of_the_rest(
    with_it, without, is_implausible
):
    assert result_of([with_it] * 30, [without] * 30, part=FROM_THE_SHOP).is_implausible == is_implausible


def test_what_is_learned_from_train_events_alone_may_earn_anything():
    assert not result_of([0.9] * 30, [0.1] * 30).is_implausible


def test_a_gain_that_is_not_surely_implausible_is_not_suspected():
    # 0.75 on average, but one customer in two has nothing of it.
    assert not result_of([1.0, 0.3] * 10, [0.3] * 20, part=FROM_THE_SHOP).is_implausible


@given(st.floats(0, 1))
def test_a_plausible_gain_is_below_that_of_all_others_and_leaves_half_of_the_rest(ndcg_without):
    most = most_plausible(ndcg_without)

    assert 0 <= most <= ndcg_without
    assert most <= (1 - ndcg_without) / 2 <= 0.5


@given(arrays(np.float64, (2, 25), elements=st.floats(0, 1)))
def test_a_verdict_never_contradicts_the_difference_and_the_same_values_give_the_same_result(values):
    with_it, without = values
    result = part_result(FROM_THE_SHOP, model="served", ndcg=with_it, without=without)
    reverse = part_result(FROM_THE_SHOP, model="served", ndcg=without, without=with_it)

    low, high = result.difference_interval
    assert low <= high
    assert result.verdict != "better" or result.difference > 0
    assert result.verdict != "worse" or result.difference < 0
    assert reverse.difference == pytest.approx(-result.difference)
    assert result == part_result(FROM_THE_SHOP, model="served", ndcg=with_it, without=without)
