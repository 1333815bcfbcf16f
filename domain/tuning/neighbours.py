"""Tune the hyperparameters of neighbours by how well neighbours alone predict held-out events."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.training.neighbours import NeighbourModels, learn_neighbours
from domain.training.ridge import MAX_DENSE_PRODUCTS
from domain.training.top_k import SparseMatrix
from domain.training.training_data import TrainingData
from domain.tuning.histories import CustomerHistories
from domain.tuning.pattern_search import is_surely_better

MAX_WIDE_PRODUCTS = 20_000

HISTORY_DAYS = (1.0, 3.0, 7.0, 15.0, 30.0, 60.0, 120.0, FOREVER)
HISTORY_STEPS = (FOREVER, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
RIDGE_SHARES = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
SUCCESSION_SHARES = (0.0, 0.1, 0.2, 0.35, 0.5)
FACTOR_SHARES = (0.0, 0.1, 0.2, 0.3, 0.45, 0.6)
MOMENTUM_DAYS = (3.0, 7.0, 14.0, 30.0)
MOMENTUM_EXPONENTS = (0.0, 0.25, 0.5, 0.75)
REPEAT_EXPONENTS = (0.25, 0.5, 1.0)
FACTOR_GRID = (0.003, 0.01, 0.03, 0.1)

NEEDS_PROOF = frozenset({"factor_share", "history_steps"})
"""What stays switched off, at the first of its values, unless another is surely better."""

Choices = Sequence[tuple[str, Sequence[float]]]
"""The hyperparameters that a trial chooses without learning neighbours again, in this order, and the values to try."""

SHARES: Choices = (("ridge_share", RIDGE_SHARES),)
SHARES_WITH_TIMES: Choices = (("succession_share", SUCCESSION_SHARES), ("ridge_share", RIDGE_SHARES))
ALL: Choices = (*SHARES, ("factor_share", FACTOR_SHARES))
ALL_WITH_TIMES: Choices = (
    ("ridge_share", RIDGE_SHARES),
    ("repeat_exponent", REPEAT_EXPONENTS),
    ("history_days", HISTORY_DAYS),
    ("history_steps", HISTORY_STEPS),
    ("momentum_exponent", MOMENTUM_EXPONENTS),
    ("momentum_days", MOMENTUM_DAYS),
    ("succession_share", SUCCESSION_SHARES),
    ("ridge_share", RIDGE_SHARES),
    ("factor_share", FACTOR_SHARES),
)


class NeighbourObjective:
    """The quality of combinations of the neighbour models, from the best scores of each model alone.

    Combining scores is linear, so the models score the histories once for all shares.
    """

    def __init__(self, histories: CustomerHistories, models: NeighbourModels) -> None:
        self._histories, self._models = histories, models
        self._learned_momentum = histories.data.momentum(models.hyperparameters)
        self._scored_for: Hyperparameters | None = None
        self._seeds: SparseMatrix = None
        self._scores: dict[str, SparseMatrix] = {}

    def ndcg(self, hyperparameters: Hyperparameters) -> npt.NDArray[np.float64]:
        """Return each customer's NDCG@20 for the shares and histories of `hyperparameters`, roughly for its momentum."""
        # Fields that do not affect the models' scores get fixed values: equal keys reuse the scores.
        shares = {"ridge_share": 0.0, "succession_share": 0.0, "factor_share": 0.0}
        history = replace(hyperparameters, **shares, momentum_days=1.0, momentum_exponent=0.0)
        if self._scored_for != history:
            self._scored_for, self._seeds, self._scores = history, self._histories.seeds(hyperparameters), {}
        together_share = 1.0 - hyperparameters.ridge_share - hyperparameters.succession_share
        combined = together_share * self._scores_of("together") + hyperparameters.ridge_share * self._scores_of("ridge")
        if hyperparameters.succession_share > 0:
            combined = combined + hyperparameters.succession_share * self._scores_of("transitions")
        if (share := hyperparameters.factor_share) > 0:
            combined = (1.0 - share) * combined + share * self._scores_of("factors")
        combined.data *= (self._histories.data.momentum(hyperparameters) / self._learned_momentum)[combined.indices]
        return self._histories.ndcg(combined)

    def _scores_of(self, model: str) -> SparseMatrix:
        """Score the histories by one of the models, when it first has a share."""
        if model not in self._scores:
            self._scores[model] = self._histories.best_unseen(self._seeds, getattr(self._models, model))
        return self._scores[model]


class Trial(Struct, frozen=True, kw_only=True):
    """Hyperparameters with the shares and histories that suit their neighbour models best, and their score."""

    hyperparameters: Hyperparameters
    score: float
    models: NeighbourModels

    def worth_repeating(self, choices: Choices) -> Choices:
        """Return the choices for the trials after this one, the first.

        A half-life in steps that did not help is not tried again: each of its values scores the histories anew.
        """
        if self.hyperparameters.history_steps < FOREVER:
            return choices
        return [choice for choice in choices if choice[0] != "history_steps"]


def run_trial(
    hyperparameters: Hyperparameters,
    histories: CustomerHistories,
    *,
    choices: Choices,
    known: NeighbourModels | None = None,
) -> Trial:
    """Learn neighbours by `hyperparameters`, and choose the values of `choices`, one after the other, that suit them best.

    `known` are models whose parts may be reused.
    """
    models = learn_neighbours(histories.data, hyperparameters, known=known)
    objective = NeighbourObjective(histories, models)
    score, best = -np.inf, hyperparameters
    for name, values in choices:
        for_values = [_with_valid_shares(replace(best, **{name: value})) for value in values]
        scores = [objective.ndcg(tried) for tried in for_values]
        position = int(np.argmax([of_each.mean() for of_each in scores]))
        if name in NEEDS_PROOF and not is_surely_better(scores[position], scores[0], n_errors=2.0):
            position = 0
        best, score = for_values[position], float(scores[position].mean())
    return Trial(hyperparameters=best, score=score, models=models)


def search_grids(data: TrainingData, *, has_times: bool, has_factors: bool) -> dict[str, Sequence[float]]:
    """Return the values to try of each hyperparameter; one that cannot matter here has a single value."""
    n_products = data.n_products
    widths = [50, 100, 200, 300] if n_products <= MAX_WIDE_PRODUCTS else [50, 100]
    return {
        "activity_exponent": (0.0, 0.25, 0.5, 0.75, 1.0),
        "seed_exponent": (0.1, 0.3, 0.5, 0.7),
        "candidate_exponent": (0.2, 0.3, 0.4, 0.5, 0.6),
        "ridge": (0.25, 1.0, 4.0, 16.0, 64.0),
        "n_candidates": [*widths, n_products] if 300 < n_products <= MAX_DENSE_PRODUCTS else widths,
        "memory_days": (15.0, 30.0, 60.0, 120.0, FOREVER) if has_times else (FOREVER,),
        "factor_unobserved": FACTOR_GRID if has_factors else (Hyperparameters().factor_unobserved,),
        "factor_penalty": FACTOR_GRID if has_factors else (Hyperparameters().factor_penalty,),
        "event_exponent": (0.0, 0.5, 1.0) if len(np.unique(data.log.event_types)) > 1 else (1.0,),
    }


def _with_valid_shares(hyperparameters: Hyperparameters) -> Hyperparameters:
    """Keep the sum of the shares at 1 or below, by lowering that of the regression."""
    share = min(hyperparameters.ridge_share, 1.0 - hyperparameters.succession_share)
    return replace(hyperparameters, ridge_share=share)
