"""Who begins with a product tells more of what others will begin with than who comes back to it."""

import numpy as np
import pytest

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.momentum import momentum
from domain.training.neighbours import learn_neighbours
from domain.training.popularity import popularity
from tests.domain.event_logs import log_of, tastes

ALL_OF_IT = Hyperparameters(momentum_exponent=1.0, momentum_days=10.0)


def test_a_product_that_customers_are_new_to_counts_more_than_one_they_come_back_to():
    log = log_of(("a", 0, "view", 10), ("a", 0, "view", 0), ("b", 0, "view", 20), ("c", 1, "view", 0))

    factors = momentum(log, ALL_OF_IT, n_products=3)

    usual = (1 / 2 + 1 / 4 + 1) / 3
    assert factors == pytest.approx([(1 / 2 + 1 / 4 + 1) / (2 * usual + 1), (1 + 1) / (usual + 1), 1.0])


@pytest.mark.parametrize("pause", [100, 100_000])
def test_one_new_customer_after_a_pause_at_most_doubles_a_product(pause):
    old = [(f"c{customer}", 0, "view", pause) for customer in range(30)]

    factors = momentum(log_of(*old, ("new", 1, "view", 0)), ALL_OF_IT, n_products=2)

    assert factors[1] <= 2.0
    assert factors[0] >= 1 / 2


@pytest.mark.parametrize(
    ("log", "hyperparameters"),
    [
        (log_of(("a", 0, "view", 0), ("b", 0, "view", 0), ("b", 1, "view", 0)), ALL_OF_IT),
        (log_of(("a", 0, "view", 9), ("b", 1, "view", 0)), Hyperparameters(momentum_exponent=0.0)),
        (log_of(), ALL_OF_IT),
    ],
    ids=["one instant", "no exponent", "no events"],
)
def test_momentum_says_nothing_where_nothing_is_newer(log, hyperparameters):
    assert momentum(log, hyperparameters, n_products=2).tolist() == [1.0, 1.0]


def test_every_view_and_popularity_are_multiplied_by_the_momentum_of_the_candidate():
    log = tastes(days=20)
    with_it, without = Hyperparameters(momentum_exponent=0.5), Hyperparameters(momentum_exponent=0.0)
    factors = momentum(log, with_it, n_products=12)

    learned, plain = (learn_neighbours(log, hyperparameters, n_products=12) for hyperparameters in (with_it, without))

    assert len(np.unique(factors)) > 1
    for view in ("together", "ridge", "transitions"):
        expected = getattr(plain, view).toarray() * factors
        found = getattr(learned, view).toarray()
        assert found / found.sum() == pytest.approx(expected / expected.sum())
    assert popularity(log, with_it, n_products=12) == pytest.approx(popularity(log, without, n_products=12) * factors)
