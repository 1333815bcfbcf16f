"""Tuning fits the lists of newcomers to newcomers, or to customers whose history it hides."""

import numpy as np
import pytest

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import Split
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.model import NewcomerPopularity, TunedConfig
from domain.records.customers import SEGMENTS
from domain.training.popularity import newcomer_popularity_by_segment, top_products
from domain.training.train import train_model
from domain.tuning.newcomers import newcomers_to_compare
from domain.tuning.tune import tune
from tests.domain.event_logs import event_log, training_data
from tests.domain.tuning.test_tune import tuned_config


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

    assert popular_products(weekly_staple(), config.newcomer_popularity)[0] == 0
    by_customers = NewcomerPopularity(trend_days=FOREVER, momentum_exponent=0.0, repeat_exponent=0.0, visit_exponent=0.0)
    assert 0 not in popular_products(weekly_staple(), by_customers)


def popular_products(log, counting):
    popularities = newcomer_popularity_by_segment(training_data(log), Hyperparameters(), counting)
    return list(top_products(popularities[0], n=3).products)


def test_events_without_times_have_no_half_life_for_newcomers():
    log = event_log(*((f"c{number}", (number + step) % 9, "view", 0.0) for number in range(90) for step in range(6)))

    assert tuned_config(log, trials=1).newcomer_popularity.trend_days == FOREVER


@pytest.mark.parametrize("seed", range(5))
def test_chance_changes_nothing_for_newcomers(seed):
    rng = np.random.default_rng(seed)
    events = [
        (f"c{number}", int(index), "view", float(rng.integers(30)))
        for number in range(200)
        for index in rng.permutation(12)[:3]
    ]

    config = tuned_config(event_log(*events), trials=1)

    defaults = TunedConfig()
    assert config.newcomer_weights == defaults.newcomer_weights
    assert config.newcomer_popularity == defaults.newcomer_popularity
    assert config.newcomer_variety is None


def test_what_is_surely_better_for_newcomers_is_chosen():
    # Of 60 products the last 20 are what is in demand for a month, but have fewer customers than the others.
    rng = np.random.default_rng(0)
    events = [
        (f"c{rng.integers(200)}", int(rng.integers(40, 60) if day < 30 else rng.integers(40)), "view", float(day))
        for day in range(60)
        for _ in range(10 if day < 30 else 20)
    ]

    assert tuned_for(event_log(*events)).newcomer_popularity.trend_days < NewcomerPopularity().trend_days


def test_newcomers_of_a_segment_see_what_the_segment_wants():
    assigned = {f"c{number}": SEGMENTS[number % 2] for number in range(400)}
    rng = np.random.default_rng(0)
    # Each segment views its half of the products.
    events = ((f"c{n}", 2 * int(rng.integers(15)) + n % 2, "view", float(rng.integers(60))) for n in [*range(400)] * 3)
    log = event_log(*events)

    config = tuned_for(log, assigned=assigned)

    data = training_data(log, assigned=assigned)
    as_new = Replay(data, train_model(data, config=config, model_id="m", trained_at=0)).without_histories()
    assert config.tuning.trials == 1
    lists = [as_new.ranking(customer, model=as_new.model, seen="few", k=10) for customer in (0, 1)]
    assert [{product % 2 for product in own} for own in lists] == [{0}, {1}]


def tuned_for(log, *, assigned=None):
    return tune(training_data(log, assigned=assigned), trials=1, seed=0, on_trial=lambda _: True)
