"""Tuning fits the lists of newcomers to newcomers, or to customers whose history it hides."""

import numpy as np
import pytest

from domain.evaluation.splitting import Split
from domain.ranking.hyperparameters import FOREVER
from domain.ranking.model import SourceWeights
from domain.tuning.newcomers import newcomers_to_compare
from tests.domain.event_logs import event_log
from tests.domain.tuning.test_tune import tuned_config, with_newcomers


def split_of(*test_events):
    """Split a log of 40 customers, who all have history, before the last five days."""
    log = event_log(*((f"c{number}", 0, "view", 30.0) for number in range(40)), *test_events)
    is_test = np.arange(len(log.products)) >= 40
    return Split(train=log.only(~is_test), test=log.only(is_test))


def test_newcomers_are_compared_where_there_are_enough():
    split = split_of(*((f"n{number}", 1, "view", 1.0) for number in range(30)), ("c0", 2, "view", 1.0))

    assert newcomers_to_compare(split, seed=0).customers.tolist() == list(range(40, 70))


def test_the_first_day_of_other_customers_stands_in_for_too_few_newcomers():
    first_days = [(f"c{number}", product, "view", 4.0) for number in range(40) for product in (0, 1)]
    later = [(f"c{number}", 2, "view", 1.0) for number in range(40)]
    split = split_of(*first_days, *later, ("n0", 3, "view", 1.0))

    ground_truth = newcomers_to_compare(split, seed=0)

    # What they had before counts too, as nothing of it would be known of a newcomer.
    assert ground_truth.customers.tolist() == list(range(40))
    assert {tuple(ground_truth.of(customer)) for customer in range(40)} == {(0, 1)}


def weekly_staple(*, first_buyers=60):
    """Return a log in which half of the customers buy product 0 each week, and all once one of the others, which all differ.

    Product 1 is what most customers have bought once, long ago.
    """
    staple = [(f"c{number}", 0, "purchase", 7.0 * week + 0.1) for number in range(0, first_buyers, 2) for week in range(12)]
    once = [(f"c{number}", 1, "purchase", 80.0) for number in range(first_buyers)]
    others = [
        (f"c{number}", 2 + (number * 7 + week) % 10, "purchase", 7.0 * week + 0.2)
        for number in range(first_buyers)
        for week in range(12)
    ]
    return event_log(*staple, *once, *others)


def test_what_customers_buy_each_week_is_popular_for_newcomers():
    config = tuned_config(weekly_staple(), trials=1)

    counting = config.newcomer_popularity
    # By customers alone, the product that all bought once would be first.
    assert counting.repeat_exponent > 0 or counting.trend_days < 90


def test_events_without_times_have_no_half_life_for_newcomers():
    log = event_log(*((f"c{number}", (number + step) % 9, "view", 0.0) for number in range(90) for step in range(6)))

    assert tuned_config(log, trials=1).newcomer_popularity.trend_days == FOREVER


@pytest.mark.parametrize("n_newcomers", [20, 40])
def test_weights_of_newcomers_are_fitted_whether_they_are_enough_or_others_stand_in(n_newcomers):
    weights = tuned_config(with_newcomers(n_newcomers), trials=1).newcomer_weights

    assert (weights.new, weights.price_fit) == (0.0, 0.0)
    assert weights.popular == SourceWeights().popular
