"""Tuning fits the lists of newcomers to newcomers, or to customers whose history it hides."""

import numpy as np
import pytest

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import Split
from domain.ranking.hyperparameters import FOREVER
from domain.ranking.model import NewcomerPopularity, TunedConfig
from domain.records.customers import SEGMENTS
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


@pytest.mark.parametrize("days", [0.0, 400.0])
def test_dates_that_are_no_times_count_for_nothing(days):
    # One date or two are too few for a half-life, so they are no evidence of what is newest either.
    rows = ((f"c{number}", (number + step) % 9, "view", days * (number % 2)) for number in range(90) for step in range(6))

    counting = tuned_config(event_log(*rows), trials=1).newcomer_popularity

    assert (counting.trend_days, counting.momentum_exponent) == (FOREVER, 0.0)


def test_chance_hardly_ever_changes_anything_for_newcomers():
    assert sum(of_newcomers(random_config(seed)) != of_newcomers(TunedConfig()) for seed in range(10)) <= 1


def random_config(seed):
    rng = np.random.default_rng(seed)
    events = [
        (f"c{number}", int(index), "view", float(rng.integers(30)))
        for number in range(200)
        for index in rng.permutation(12)[:3]
    ]
    return tuned_config(event_log(*events), trials=1)


def of_newcomers(config):
    return config.newcomer_weights, config.newcomer_popularity, config.newcomer_variety


def test_what_is_surely_better_for_newcomers_is_chosen():
    # Of 60 products the last 20 are what is in demand for a month, but have fewer customers than the others.
    rng = np.random.default_rng(0)
    events = [
        (f"c{rng.integers(200)}", int(rng.integers(40, 60) if day < 30 else rng.integers(40)), "view", float(day))
        for day in range(60)
        for _ in range(10 if day < 30 else 20)
    ]

    assert tuned_for(event_log(*events)).newcomer_popularity.trend_days < NewcomerPopularity().trend_days


def test_purchases_count_like_views_where_newcomers_do_as_viewers_do():
    rng = np.random.default_rng(0)
    # A few customers buy the first 20 of 60 products, most look at the others, and so do newcomers.
    bought = [(f"b{number % 50}", number % 20, "purchase", float(rng.integers(5, 40))) for number in range(100)]
    viewed = [(f"c{number % 240}", int(rng.integers(20, 60)), "view", float(rng.integers(40))) for number in range(800)]
    newcomers = [(f"n{number}", int(rng.integers(20, 60)), "view", 0.5) for number in range(100)]

    assert tuned_for(event_log(*bought, *viewed, *newcomers)).newcomer_popularity.event_exponent == 0.0


def test_newcomers_of_a_segment_see_what_the_segment_wants():
    assigned = {f"c{number}": SEGMENTS[number % 2] for number in range(400)}
    rng = np.random.default_rng(0)
    # Each segment views its half of the products.
    events = ((f"c{n}", 2 * int(rng.integers(15)) + n % 2, "view", float(rng.integers(60))) for n in [*range(400)] * 3)
    log = event_log(*events)

    config = tuned_for(log, assigned=assigned)

    data = training_data(log, assigned=assigned)
    as_new = Replay(data, train_model(data, config=config, model_id="m", trained_at=0)).without_histories()
    lists = [as_new.ranking(customer, model=as_new.model, seen="few", k=10) for customer in (0, 1)]
    assert [{product % 2 for product in own} for own in lists] == [{0}, {1}]


def tuned_for(log, *, assigned=None):
    return tune(training_data(log, assigned=assigned), trials=1, seed=0, on_trial=lambda _: True)
