"""Item-to-item collaborative filtering: which products the same customers take an interest in."""

from typing import Any

import numpy as np
from msgspec import Struct
from scipy import sparse

from domain.ranking.hyperparameters import Recipe
from domain.training.co_occurrence import Candidates, co_occurrence
from domain.training.event_log import EventLog
from domain.training.interaction_matrix import activity_weights, preferences
from domain.training.momentum import momentum
from domain.training.ridge import MOST_DENSE, dense_ridge, restricted_ridge
from domain.training.top_k import cut
from domain.training.transitions import succession

N_NEIGHBOURS = 100


class Views(Struct, frozen=True, kw_only=True):
    """Three views of which products belong together, as csr matrices (seeds, candidates) of comparable size.

    Each is divided by the mean of its rows' largest weights. `regressed` has all weights that `ridge` is made of.
    """

    together: Any
    ridge: Any
    succession: Any
    regressed: Any


def views(log: EventLog, recipe: Recipe, *, n_products: int, known: tuple[Recipe, Views] | None = None) -> Views:
    """Learn the three views by `recipe`.

    Regressions take most of the time, so that those of `known`, a recipe with its views of the same log, are taken over
    where they would be the same.
    """
    weights = log.weights**recipe.event_exponent * 0.5 ** (log.age_days() / recipe.memory_days)
    matrix = preferences(log, weights, n_products=n_products)
    customer_weights = activity_weights(matrix, exponent=recipe.activity_exponent)
    candidate_factors = momentum(log, recipe, n_products=n_products)
    together, candidates = co_occurrence(
        matrix,
        customer_weights,
        seed_exponent=recipe.seed_exponent,
        candidate_exponent=recipe.candidate_exponent,
        momentum=candidate_factors,
        n_neighbours=N_NEIGHBOURS,
        n_candidates=recipe.n_candidates,
    )
    if known and _regression(known[0]) == _regression(recipe):
        regressed = known[1].regressed
    else:
        regressed = _regressed(matrix, customer_weights, candidates, recipe)
    following = succession(
        log, n_products=n_products, seed_exponent=recipe.seed_exponent, candidate_exponent=recipe.candidate_exponent
    )
    by_momentum = sparse.diags_array(candidate_factors)
    return Views(
        together=_comparable(together),
        ridge=_comparable(cut((regressed @ by_momentum).tocsr(), n=N_NEIGHBOURS)),
        succession=_comparable(cut((following @ by_momentum).tocsr(), n=N_NEIGHBOURS)),
        regressed=regressed,
    )


def _regression(recipe: Recipe) -> tuple[float, ...]:
    """Give the choices that the regressions depend on."""
    return recipe.event_exponent, recipe.memory_days, recipe.activity_exponent, recipe.ridge, recipe.n_candidates


def _regressed(matrix: Any, customer_weights: Any, candidates: Candidates, recipe: Recipe) -> Any:
    occurring = candidates.strengths[candidates.strengths > 0]
    penalty = recipe.ridge * (float(occurring.mean()) if len(occurring) else 1.0)
    n_products = matrix.shape[1]
    if recipe.n_candidates >= n_products and n_products <= MOST_DENSE:
        return dense_ridge(matrix, customer_weights, penalty=penalty)
    return restricted_ridge(matrix, customer_weights, candidates, penalty=penalty)


def mixed(seen: Views, *, ridge_share: float, succession_share: float, n: int = N_NEIGHBOURS) -> Any:
    """Add the views up by their shares; return the `n` best neighbours of each product as csr rows, best first."""
    together_share = 1.0 - ridge_share - succession_share
    parts = together_share * seen.together + ridge_share * seen.ridge + succession_share * seen.succession
    return cut(parts.tocsr(), n=n)


def _comparable(matrix: Any) -> Any:
    if matrix.nnz == 0:
        return matrix
    most = matrix.max(axis=1).toarray().ravel()
    return matrix / np.mean(most[most > 0])
