"""The momentum of products that gain new customers."""

import numpy as np
import pytest

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.event_pairs import pairs_of
from domain.training.momentum import momentum
from domain.training.neighbours import learn_neighbours
from domain.training.popularity import popularity
from tests.domain.event_logs import event_log, training_data, two_group_log

FULL_MOMENTUM = Hyperparameters(momentum_exponent=1.0, momentum_days=10.0)


def test_a_product_with_new_customers_has_more_momentum_than_one_with_returning_customers():
    log = event_log(("a", 0, "view", 10), ("a", 0, "view", 0), ("b", 0, "view", 20), ("c", 1, "view", 0))

    factors = momentum(pairs_of(log), FULL_MOMENTUM, n_products=3)

    mean = (1 / 2 + 1 / 4 + 1) / 3
    assert factors == pytest.approx([(1 / 2 + 1 / 4 + 1) / (2 * mean + 1), (1 + 1) / (mean + 1), 1.0])


@pytest.mark.parametrize("pause", [100, 100_000])
def test_one_new_customer_after_a_pause_at_most_doubles_a_product(pause):
    before_the_pause = [(f"c{customer}", 0, "view", pause) for customer in range(30)]

    log = event_log(*before_the_pause, ("new", 1, "view", 0))
    factors = momentum(pairs_of(log), FULL_MOMENTUM, n_products=2)

    assert factors[1] <= 2.0
    assert factors[0] >= 1 / 2


@pytest.mark.parametrize(
    ("log", "hyperparameters"),
    [
        (event_log(("a", 0, "view", 0), ("b", 0, "view", 0), ("b", 1, "view", 0)), FULL_MOMENTUM),
        (event_log(("a", 0, "view", 9), ("b", 1, "view", 0)), Hyperparameters(momentum_exponent=0.0)),
        (event_log(), FULL_MOMENTUM),
    ],
    ids=["one instant", "exponent 0", "no events"],
)
def test_all_factors_are_1_without_times_exponent_or_events(log, hyperparameters):
    assert momentum(pairs_of(log), hyperparameters, n_products=2).tolist() == [1.0, 1.0]


def test_neighbour_weights_and_popularity_are_multiplied_by_the_momentum_of_the_product():
    data = training_data(two_group_log(days=20))
    with_momentum, without = Hyperparameters(momentum_exponent=0.5), Hyperparameters(momentum_exponent=0.0)
    factors = data.momentum(with_momentum)

    models, models_without = (learn_neighbours(data, hyperparameters) for hyperparameters in (with_momentum, without))

    assert len(np.unique(factors)) > 1
    for name in ("together", "ridge", "transitions"):
        expected = getattr(models_without, name).toarray() * factors
        weights = getattr(models, name).toarray()
        assert weights / weights.sum() == pytest.approx(expected / expected.sum())
    assert popularity(data, with_momentum) == pytest.approx(popularity(data, without) * factors)
