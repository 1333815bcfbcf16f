"""Neighbour models and their combination."""

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import sparse

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.neighbours import NeighbourModels, combine, learn_neighbours
from tests.domain.event_logs import event_log, training_data, two_group_log
from tests.domain.shop import product


def test_combine_adds_up_the_models_by_their_shares():
    def one_seed(*weights):
        return sparse.csr_array(np.array([weights, [0.0] * len(weights)]))

    shares = Hyperparameters(ridge_share=0.2, succession_share=0.3, factor_share=0.4)
    models = NeighbourModels(
        hyperparameters=shares,
        together=one_seed(1.0, 0.0),
        ridge=one_seed(0.0, 1.0),
        learn_transitions=lambda: one_seed(1.0, 1.0),
        learn_factors=lambda: one_seed(1.0, 0.0),
        momentum=np.ones(2),
        regression=one_seed(0.0, 1.0),
    )

    assert combine(models, shares).toarray()[0] == pytest.approx([0.6 * (0.5 + 0.3) + 0.4, 0.6 * (0.2 + 0.3)])


@pytest.mark.parametrize("n_candidates", [4, 12], ids=["slim", "ease"])
def test_neighbours_are_products_of_the_same_customer_group_with_comparable_weights(n_candidates):
    models = learn_neighbours(training_data(two_group_log(days=5)), Hyperparameters(n_candidates=n_candidates))

    for model in (models.together, models.ridge, models.transitions):
        seeds, candidates = model.nonzero()
        assert len(seeds)
        assert ((seeds < 6) == (candidates < 6)).all()
        largest = model.max(axis=1).toarray()
        assert largest[largest > 0].mean() == pytest.approx(1.0)


@pytest.mark.parametrize("n_neighbours", [1, 3])
def test_each_product_keeps_its_best_neighbours(n_neighbours):
    data, hyperparameters = training_data(two_group_log()), Hyperparameters(n_neighbours=n_neighbours)
    every = combine(learn_neighbours(data, Hyperparameters()), Hyperparameters())

    kept = combine(learn_neighbours(data, hyperparameters), hyperparameters)

    assert np.diff(kept.indptr).tolist() == [n_neighbours] * 12
    assert set(kept.indices[:1]) <= set(every.indices[: every.indptr[1]])


def test_old_interactions_weigh_less_with_a_short_half_life():
    log = event_log(
        *((customer, index, "view", 0) for customer in "ab" for index in (0, 1)),
        *((customer, index, "view", 60) for customer in "cd" for index in (0, 2)),
    )

    together = learn_neighbours(training_data(log), Hyperparameters(memory_days=30.0)).together.toarray()

    assert together[0, 1] > together[0, 2] > 0


def test_a_shop_without_events_has_no_neighbours():
    shares = Hyperparameters(ridge_share=0.5, succession_share=0.1)
    data = training_data(event_log(), [product(index) for index in range(3)])

    assert combine(learn_neighbours(data, shares), shares).nnz == 0


def test_regressions_are_reused_if_their_hyperparameters_are_equal():
    data, hyperparameters = training_data(two_group_log()), Hyperparameters()
    known = learn_neighbours(data, hyperparameters)

    other_exponent = learn_neighbours(data, replace(hyperparameters, seed_exponent=0.3), known=known)
    other_penalty = learn_neighbours(data, replace(hyperparameters, ridge=1.0), known=known)

    assert other_exponent.regression is known.regression
    assert other_penalty.regression is not known.regression


def test_factors_are_reused_if_their_hyperparameters_are_equal():
    data, hyperparameters = training_data(two_group_log()), Hyperparameters()
    known = learn_neighbours(data, hyperparameters)

    other_exponent = learn_neighbours(data, replace(hyperparameters, seed_exponent=0.3), known=known)
    other_penalty = learn_neighbours(data, replace(hyperparameters, factor_penalty=0.1), known=known)

    assert other_exponent.learn_factors() is known.learn_factors()
    assert other_penalty.learn_factors() is not known.learn_factors()


def test_models_of_the_same_hyperparameters_are_not_learned_again():
    data = training_data(two_group_log())
    known = learn_neighbours(data, Hyperparameters())

    assert learn_neighbours(data, Hyperparameters(), known=known) is known
