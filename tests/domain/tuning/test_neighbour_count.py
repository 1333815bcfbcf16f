"""How many neighbours of each product are kept."""

import numpy as np
import pytest

from domain.evaluation.splitting import ground_truth_of, some_of_each
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.training.neighbours import learn_neighbours
from domain.tuning import neighbour_count as module
from domain.tuning.neighbour_count import affordable, fit_n_neighbours
from domain.tuning.tune import tune
from tests.domain.event_logs import event_log, training_data, two_group_log
from tests.domain.shop import product

TIMELESS = Hyperparameters(history_days=FOREVER, momentum_exponent=0.0)
GROUP = 20


def group_log(n_customers, *, n_own=5):
    """Return a log in which each customer has 5 of the 20 products of one of three groups, without times."""
    rng = np.random.default_rng(0)
    return event_log(
        *(
            (f"c{customer}", index + GROUP * (customer % 3), "view", 0.0)
            for customer in range(n_customers)
            for index in rng.permutation(GROUP)[:n_own].tolist()
        )
    )


def fitted(log):
    split = some_of_each(log, rng=np.random.default_rng(0))
    data = training_data(split.train, [product(index) for index in range(3 * GROUP)])
    return fit_n_neighbours(data, TIMELESS, ground_truth_of(split, seen="exclude"), known=None)


@pytest.mark.parametrize(("values", "chosen"), [((2, 15), 15), ((30, 40), 30), ((2, 15, 40), 15)])
def test_more_neighbours_are_kept_only_where_they_surely_help(monkeypatch, values, chosen):
    """A group has 20 products, so what a customer turns to is among the 19 others."""
    monkeypatch.setattr(module, "N_NEIGHBOURS", values)

    hyperparameters, models = fitted(group_log(200))

    assert hyperparameters.n_neighbours == chosen
    assert models.hyperparameters.n_neighbours == chosen


def test_long_histories_keep_lists_of_neighbours_short(monkeypatch):
    data = training_data(group_log(100))

    assert affordable(data) == (100, 200, 300)
    # Every customer has five products.
    monkeypatch.setattr(module, "MAX_LIST_ENTRIES", 5 * 200)
    assert affordable(data) == (100, 200)
    monkeypatch.setattr(module, "MAX_LIST_ENTRIES", 5)
    assert affordable(data) == (100,)


def test_large_catalogues_keep_lists_of_neighbours_short(monkeypatch):
    data = training_data(group_log(100))
    monkeypatch.setattr(module, "MAX_STORED_ENTRIES", 3 * GROUP * 250)

    assert affordable(data) == (100, 200)


def test_nothing_is_learned_where_there_is_no_choice(monkeypatch):
    monkeypatch.setattr(module, "MAX_STORED_ENTRIES", 0)
    data = training_data(two_group_log())
    known = learn_neighbours(data, TIMELESS)
    split = some_of_each(data.log, rng=np.random.default_rng(0))

    chosen = fit_n_neighbours(data, TIMELESS, ground_truth_of(split, seen="exclude"), known=known)

    assert chosen[0] is TIMELESS
    assert chosen[1] is known


def test_a_tuned_config_has_the_number_that_helps(monkeypatch):
    monkeypatch.setattr(module, "N_NEIGHBOURS", (2, 15))

    config = tune(training_data(group_log(200)), trials=1, seed=0, on_trial=lambda _: True)

    assert config.hyperparameters.n_neighbours == 15
