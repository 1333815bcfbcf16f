"""Item-to-item collaborative filtering: neighbours from four models of the same interactions."""

from collections.abc import Callable
from functools import cache, cached_property, partial

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import sparse

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.co_occurrence import Normalisation, co_occurrence, product_sizes
from domain.training.factors import Regularisation, factor_neighbours
from domain.training.interaction_matrix import activity_weights, interaction_matrix, with_columns
from domain.training.ridge import MAX_DENSE_PRODUCTS, ease, slim
from domain.training.top_k import SparseMatrix, best_first, top_k_rows
from domain.training.training_data import TrainingData

N_BEFORE_MOMENTUM = 300
"""Neighbours by factors that momentum chooses from."""


class NeighbourModels(Struct, frozen=True, kw_only=True, dict=True):
    """Four neighbour models as csr matrices (seeds, candidates), each divided by the mean of its rows' largest weights.

    `regression` has all weights that `ridge` is the best part of, before momentum; it and `learn_factors` are reused by
    `learn_neighbours`. Transitions and factors are learned when they are first used.
    """

    hyperparameters: Hyperparameters
    together: SparseMatrix
    ridge: SparseMatrix
    regression: SparseMatrix
    momentum: npt.NDArray[np.float64]
    learn_transitions: Callable[[], SparseMatrix]
    learn_factors: Callable[[], SparseMatrix]

    @cached_property
    def transitions(self) -> SparseMatrix:
        return self._best_rising(self.learn_transitions())

    @cached_property
    def factors(self) -> SparseMatrix:
        return self._best_rising(self.learn_factors())

    def _best_rising(self, learned: SparseMatrix) -> SparseMatrix:
        return _comparable(_rising(learned, self.momentum, n_neighbours=self.hyperparameters.n_neighbours))


def learn_neighbours(
    data: TrainingData,
    hyperparameters: Hyperparameters,
    *,
    known: NeighbourModels | None = None,
) -> NeighbourModels:
    """Learn the models, or return `known`, models of the same data, if they were learned by the same hyperparameters.

    Regressions and factors take most of the time, so those of `known` are reused if at least they are the same.
    """
    if known and known.hyperparameters == hyperparameters:
        return known
    log = data.log
    weights = log.weights(exponent=hyperparameters.event_exponent) * log.decay(half_life_days=hyperparameters.memory_days)
    every = interaction_matrix(data.pairs, weights, n_products=data.n_products)
    customer_weights = activity_weights(every, exponent=hyperparameters.activity_exponent)
    matrix = with_columns(every, data.learned)
    momentum = data.momentum(hyperparameters)
    together, candidates = co_occurrence(
        matrix,
        customer_weights,
        Normalisation(
            seed_exponent=hyperparameters.seed_exponent,
            candidate_exponent=hyperparameters.candidate_exponent,
            candidate_factors=momentum,
        ),
        n_neighbours=hyperparameters.n_neighbours,
        n_candidates=hyperparameters.n_candidates,
    )
    if known and _regression_choices(known.hyperparameters) == _regression_choices(hyperparameters):
        regression = known.regression
    else:
        sizes = product_sizes(every, customer_weights)
        # The penalty is relative to the mean size of a product, so it means the same in shops of all sizes.
        penalty = hyperparameters.ridge * (float(sizes[sizes > 0].mean()) if sizes.any() else 1.0)
        regression = _regression(
            matrix, customer_weights, candidates, penalty=penalty, n_candidates=hyperparameters.n_candidates
        )

    def learn_transitions() -> SparseMatrix:
        return data.transitions.normalised(
            seed_exponent=hyperparameters.seed_exponent,
            candidate_exponent=hyperparameters.candidate_exponent,
        )

    return NeighbourModels(
        hyperparameters=hyperparameters,
        together=_comparable(together),
        ridge=_comparable(_rising(regression, momentum, n_neighbours=hyperparameters.n_neighbours)),
        regression=regression,
        momentum=momentum,
        learn_transitions=learn_transitions,
        learn_factors=_factor_learner(matrix, hyperparameters, known),
    )


def _factor_learner(
    matrix: SparseMatrix, hyperparameters: Hyperparameters, known: NeighbourModels | None
) -> Callable[[], SparseMatrix]:
    """Return a function that learns the factors when it is first called: that of `known` if its factors are the same."""
    if known and _factor_choices(known.hyperparameters) == _factor_choices(hyperparameters):
        return known.learn_factors
    regularisation = Regularisation(unobserved=hyperparameters.factor_unobserved, penalty=hyperparameters.factor_penalty)
    return cache(partial(factor_neighbours, matrix, regularisation, n_neighbours=N_BEFORE_MOMENTUM))


def combine(models: NeighbourModels, hyperparameters: Hyperparameters) -> SparseMatrix:
    """Add up the models by their shares; return the best `n_neighbours` of each product as csr rows, best first."""
    together_share = 1.0 - hyperparameters.ridge_share - hyperparameters.succession_share
    weights = together_share * models.together + hyperparameters.ridge_share * models.ridge
    if hyperparameters.succession_share > 0:
        weights = weights + hyperparameters.succession_share * models.transitions
    if hyperparameters.factor_share > 0:
        weights = (1.0 - hyperparameters.factor_share) * weights + hyperparameters.factor_share * models.factors
    return best_first(top_k_rows(weights.tocsr(), k=hyperparameters.n_neighbours))


def _regression_choices(hyperparameters: Hyperparameters) -> tuple[float, ...]:
    """Return the hyperparameters that the regressions depend on."""
    return (
        hyperparameters.event_exponent,
        hyperparameters.memory_days,
        hyperparameters.activity_exponent,
        hyperparameters.ridge,
        hyperparameters.n_candidates,
    )


def _factor_choices(hyperparameters: Hyperparameters) -> tuple[float, ...]:
    """Return the hyperparameters that the factors depend on."""
    return (
        hyperparameters.event_exponent,
        hyperparameters.memory_days,
        hyperparameters.factor_unobserved,
        hyperparameters.factor_penalty,
    )


def _regression(
    matrix: SparseMatrix,
    customer_weights: npt.NDArray[np.float64],
    candidates: SparseMatrix,
    *,
    penalty: float,
    n_candidates: int,
) -> SparseMatrix:
    n_products = matrix.shape[1]
    if n_candidates >= n_products and n_products <= MAX_DENSE_PRODUCTS:
        return ease(matrix, customer_weights, penalty=penalty)
    return slim(matrix, customer_weights, candidates, penalty=penalty)


def _rising(matrix: SparseMatrix, momentum: npt.NDArray[np.float64], *, n_neighbours: int) -> SparseMatrix:
    """Multiply candidates by their momentum, and keep the best of each seed."""
    # Before the cut to the best ones: a rising product just beyond the cut would be lost otherwise.
    weights = matrix.data * momentum[matrix.indices]
    return top_k_rows(sparse.csr_array((weights, matrix.indices, matrix.indptr), shape=matrix.shape), k=n_neighbours)


def _comparable(matrix: SparseMatrix) -> SparseMatrix:
    """Scale a model by the mean of its rows' largest weights: shares then mean the same for every model."""
    if matrix.nnz == 0:
        return matrix
    largest = matrix.max(axis=1).toarray().ravel()
    return matrix / np.mean(largest[largest > 0])
