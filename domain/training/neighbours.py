"""Item-to-item collaborative filtering: which products the same customers take an interest in."""

from typing import Any

import numpy as np
from msgspec import Struct
from scipy import sparse

from domain.ranking.hyperparameters import Hyperparameters
from domain.training.co_occurrence import Candidates, co_occurrence
from domain.training.event_log import EventLog
from domain.training.interaction_matrix import activity_weights, interaction_matrix
from domain.training.momentum import momentum
from domain.training.ridge import MAX_DENSE_PRODUCTS, ease, slim
from domain.training.top_k import top_k_rows
from domain.training.transitions import item_transitions

N_NEIGHBOURS = 100


class NeighbourModels(Struct, frozen=True, kw_only=True):
    """Three views of which products belong together, as csr matrices (seeds, candidates) of comparable size.

    Each is divided by the mean of its rows' largest weights. `regressed` has all weights that `ridge` is made of.
    """

    together: Any
    ridge: Any
    transitions: Any
    regressed: Any


def learn_neighbours(
    log: EventLog,
    hyperparameters: Hyperparameters,
    *,
    n_products: int,
    known: tuple[Hyperparameters, NeighbourModels] | None = None,
) -> NeighbourModels:
    """Learn the three views by `hyperparameters`.

    Regressions take most of the time, so that those of `known`, a recipe with its views of the same log, are taken over
    where they would be the same.
    """
    weights = log.weights**hyperparameters.event_exponent * 0.5 ** (log.age_days() / hyperparameters.memory_days)
    matrix = interaction_matrix(log, weights, n_products=n_products)
    customer_weights = activity_weights(matrix, exponent=hyperparameters.activity_exponent)
    candidate_factors = momentum(log, hyperparameters, n_products=n_products)
    together, candidates = co_occurrence(
        matrix,
        customer_weights,
        seed_exponent=hyperparameters.seed_exponent,
        candidate_exponent=hyperparameters.candidate_exponent,
        momentum=candidate_factors,
        n_neighbours=N_NEIGHBOURS,
        n_candidates=hyperparameters.n_candidates,
    )
    if known and _regression(known[0]) == _regression(hyperparameters):
        regressed = known[1].regressed
    else:
        regressed = _regressed(matrix, customer_weights, candidates, hyperparameters)
    following = item_transitions(
        log,
        n_products=n_products,
        seed_exponent=hyperparameters.seed_exponent,
        candidate_exponent=hyperparameters.candidate_exponent,
    )
    by_momentum = sparse.diags_array(candidate_factors)
    return NeighbourModels(
        together=_comparable(together),
        ridge=_comparable(top_k_rows((regressed @ by_momentum).tocsr(), n=N_NEIGHBOURS)),
        transitions=_comparable(top_k_rows((following @ by_momentum).tocsr(), n=N_NEIGHBOURS)),
        regressed=regressed,
    )


def _regression(hyperparameters: Hyperparameters) -> tuple[float, ...]:
    """Give the choices that the regressions depend on."""
    return (
        hyperparameters.event_exponent,
        hyperparameters.memory_days,
        hyperparameters.activity_exponent,
        hyperparameters.ridge,
        hyperparameters.n_candidates,
    )


def _regressed(matrix: Any, customer_weights: Any, candidates: Candidates, hyperparameters: Hyperparameters) -> Any:
    occurring = candidates.strengths[candidates.strengths > 0]
    penalty = hyperparameters.ridge * (float(occurring.mean()) if len(occurring) else 1.0)
    n_products = matrix.shape[1]
    if hyperparameters.n_candidates >= n_products and n_products <= MAX_DENSE_PRODUCTS:
        return ease(matrix, customer_weights, penalty=penalty)
    return slim(matrix, customer_weights, candidates, penalty=penalty)


def combine(models: NeighbourModels, *, ridge_share: float, succession_share: float, n: int = N_NEIGHBOURS) -> Any:
    """Add the views up by their shares; return the `n` best neighbours of each product as csr rows, best first."""
    together_share = 1.0 - ridge_share - succession_share
    parts = together_share * models.together + ridge_share * models.ridge + succession_share * models.transitions
    return top_k_rows(parts.tocsr(), n=n)


def _comparable(matrix: Any) -> Any:
    if matrix.nnz == 0:
        return matrix
    most = matrix.max(axis=1).toarray().ravel()
    return matrix / np.mean(most[most > 0])
