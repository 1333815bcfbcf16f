"""The last order of a customer is held out, and lists are compared by it."""

import pytest

from domain.evaluation.last_orders import hits_cost, hold_out_last_order
from domain.ranking.history import unpack_history
from domain.ranking.packed_history import NEVER_BOUGHT, PackedHistory
from domain.records.values import DAY
from tests.domain.shop import NOW_US, history_of, past_event, product

TENT, MAT, LAMP = (product(index) for index in range(3))


def test_the_last_order_and_all_since_are_unknown():
    held_out = hold_out_last_order(
        history_of(
            past_event(TENT, "view", 9),
            past_event(TENT, "purchase", 2),
            past_event(MAT, "purchase", 2),
            past_event(LAMP, "view", 1),
        )
    )

    assert held_out.products == {0, 1}
    assert held_out.history == history_of(past_event(TENT, "view", 9))


def test_older_purchases_stay():
    bought = {0: NOW_US - 500 * DAY, 1: NOW_US - 400 * DAY}
    held_out = hold_out_last_order(history_of(past_event(MAT, "purchase", 2), past_event(LAMP, "view", 3), bought=bought))

    history = unpack_history(held_out.history)
    assert history.own.tolist() == [0, 2]
    assert history.bought_at.tolist() == [NOW_US - 500 * DAY, NEVER_BOUGHT]


def test_without_an_order_or_without_anything_before_it_nothing_is_held_out():
    assert hold_out_last_order(PackedHistory()) is None
    assert hold_out_last_order(history_of(past_event(TENT, "view", 1))) is None
    assert hold_out_last_order(history_of(past_event(TENT, "purchase", 1), past_event(MAT, "view", 0))) is None


def test_the_cost_is_the_mean_of_paired_differences():
    cost = hits_cost([2, 1, 0, 1], [1, 1, 0, 1])

    assert (cost.customers, cost.before, cost.after, cost.difference) == (4, 1.0, 0.75, -0.25)
    # Differences of -1, 0, 0, 0: a standard deviation of 0.5, divided by the root of 4.
    assert (cost.low, cost.high) == (-0.25 - 1.96 * 0.25, -0.25 + 1.96 * 0.25)
    assert (hits_cost([1, 0], [1, 0]).low, hits_cost([1, 0], [1, 0]).high) == (0.0, 0.0)
    with pytest.raises(ValueError, match="two customers"):
        hits_cost([1], [1])
