"""Tune the hyperparameters of neighbours by how well neighbours alone predict held-out events."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace
from scipy import sparse

from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import GroundTruth
from domain.ranking.inputs import MAX_HISTORY_EVENTS
from domain.ranking.model import FOREVER, Hyperparameters
from domain.records.values import DAY
from domain.training.neighbours import NeighbourModels, learn_neighbours
from domain.training.ridge import MAX_DENSE_PRODUCTS
from domain.training.top_k import SparseMatrix, top_k, top_k_rows
from domain.training.training_data import TrainingData

TUNING_K = 20
MAX_SCORES = 500
MAX_WIDE_PRODUCTS = 20_000

HISTORY_DAYS = (1.0, 3.0, 7.0, 15.0, 30.0, 60.0, 120.0, FOREVER)
RIDGE_SHARES = (0.0, 0.25, 0.5, 0.7, 0.85, 1.0)
SUCCESSION_SHARES = (0.0, 0.1, 0.2, 0.35, 0.5)
MOMENTUM_DAYS = (3.0, 7.0, 14.0, 30.0)
MOMENTUM_EXPONENTS = (0.0, 0.25, 0.5, 0.75)
REPEAT_EXPONENTS = (0.25, 0.5, 1.0)


class CustomerHistories:
    """The histories of some customers, as serving weighs them, and the products that each turned to."""

    def __init__(self, data: TrainingData, ground_truth: GroundTruth) -> None:
        log = data.log
        self.data = data
        order = np.lexsort((-log.occurred_at, log.customers))
        starts = np.searchsorted(log.customers[order], ground_truth.customers)
        ends = np.searchsorted(log.customers[order], ground_truth.customers, side="right")
        own = np.concatenate([order[first:last] for first, last in zip(starts, ends, strict=True)])
        rows = np.repeat(np.arange(len(starts)), ends - starts)
        self._seen = self._matrix(np.ones(len(own)), rows, log.products[own])
        self._seen.data[:] = 1.0
        # Events are newest first within each customer, so the rank of an event is its offset from the customer's start.
        rank = np.arange(len(own)) - np.repeat(np.cumsum(ends - starts) - (ends - starts), ends - starts)
        newest = rank < MAX_HISTORY_EVENTS
        self._events, self._rows = own[newest], rows[newest]
        # As in `event_weights`, age counts from the customer's newest event.
        self._age_days = (
            log.occurred_at[own[np.cumsum(ends - starts) - (ends - starts)]][self._rows] - log.occurred_at[self._events]
        ) / DAY
        self.relevant = [ground_truth.of(customer) for customer in ground_truth.customers.tolist()]
        self.n_relevant = np.array([len(products) for products in self.relevant], dtype=np.int64)

    def seeds(self, hyperparameters: Hyperparameters) -> SparseMatrix:
        """Return the weights of histories as a csr matrix (customers, products), the largest of each customer 1."""
        log = self.data.log
        weights = log.weights(exponent=hyperparameters.event_exponent)[self._events]
        decay = 0.5 ** (self._age_days / hyperparameters.history_days)
        matrix = self._matrix(weights * decay, self._rows, log.products[self._events])
        largest = matrix.max(axis=1).toarray().ravel()
        scaled = (sparse.diags_array(1 / np.where(largest > 0, largest, 1.0)) @ matrix).tocsr()
        scaled.data **= hyperparameters.repeat_exponent
        return scaled

    def unseen(self, scores: SparseMatrix) -> SparseMatrix:
        """Return the best scores (customers, products) of products that the customer has not seen, as csr rows."""
        return top_k_rows((scores - scores.multiply(self._seen)).tocsr(), k=MAX_SCORES)

    def ndcg(self, scores: SparseMatrix) -> float:
        """Return the mean NDCG@20 of the products with the highest scores, a csr matrix (customers, products)."""
        hits = np.zeros((scores.shape[0], TUNING_K), dtype=np.bool_)
        for row, (first, last) in enumerate(zip(scores.indptr[:-1].tolist(), scores.indptr[1:].tolist(), strict=True)):
            best = scores.indices[first:last][top_k(scores.indices[first:last], scores.data[first:last], k=TUNING_K)]
            hits[row, : len(best)] = np.isin(best, self.relevant[row])
        return float(ndcg_at_k(hits, self.n_relevant).mean())

    def _matrix(
        self, values: npt.NDArray[np.float64], rows: npt.NDArray[np.int64], products: npt.NDArray[np.int64]
    ) -> SparseMatrix:
        shape = (int(rows.max(initial=-1)) + 1, self.data.n_products)
        return sparse.coo_array((values, (rows, products)), shape=shape).tocsr()


class NeighbourObjective:
    """The quality of combinations of three neighbour models, from the best scores of each model alone.

    Combining scores is linear, so the models score the histories once for all shares.
    """

    def __init__(self, histories: CustomerHistories, models: NeighbourModels) -> None:
        self._histories, self._models = histories, models
        self._learned_momentum = histories.data.momentum(models.hyperparameters)
        self._scored_for: Hyperparameters | None = None
        self._scores: tuple[SparseMatrix, SparseMatrix, SparseMatrix] | None = None

    def ndcg(self, hyperparameters: Hyperparameters) -> float:
        """Return the mean NDCG@20 for the shares and histories of `hyperparameters`, approximately for its momentum."""
        # Fields that do not affect the models' scores get fixed values: equal keys reuse the scores.
        history = replace(hyperparameters, ridge_share=0.0, succession_share=0.0, momentum_days=1.0, momentum_exponent=0.0)
        if self._scores is None or self._scored_for != history:
            seeds = self._histories.seeds(hyperparameters)
            models = (self._models.together, self._models.ridge, self._models.transitions)
            together, ridge, transitions = (self._histories.unseen(seeds @ model) for model in models)
            self._scored_for, self._scores = history, (together, ridge, transitions)
        together, ridge, transitions = self._scores
        together_share = 1.0 - hyperparameters.ridge_share - hyperparameters.succession_share
        combined = (
            together_share * together + hyperparameters.ridge_share * ridge + hyperparameters.succession_share * transitions
        )
        momentum = sparse.diags_array(self._histories.data.momentum(hyperparameters) / self._learned_momentum)
        return self._histories.ndcg((combined @ momentum).tocsr())


class Trial(Struct, frozen=True, kw_only=True):
    """Hyperparameters with the shares and histories that suit their neighbour models best, and their score."""

    hyperparameters: Hyperparameters
    score: float
    models: NeighbourModels


def run_trial(
    hyperparameters: Hyperparameters, histories: CustomerHistories, *, has_times: bool, known: NeighbourModels | None = None
) -> Trial:
    """Learn neighbours by `hyperparameters` and score the best combination; `known` are models whose parts may be reused."""
    models = learn_neighbours(histories.data, hyperparameters, known=known)
    score, best = _best_combination(NeighbourObjective(histories, models), hyperparameters, has_times=has_times)
    return Trial(hyperparameters=best, score=score, models=models)


def search_grids(data: TrainingData, *, has_times: bool) -> dict[str, Sequence[float]]:
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
        "event_exponent": (0.0, 0.5, 1.0) if len(np.unique(data.log.event_types)) > 1 else (1.0,),
    }


def _best_combination(
    objective: NeighbourObjective, hyperparameters: Hyperparameters, *, has_times: bool
) -> tuple[float, Hyperparameters]:
    """Choose the shares of the models and the decay of histories, one after the other."""
    score = -np.inf
    with_times: Sequence[tuple[str, Sequence[float]]] = (
        ("repeat_exponent", REPEAT_EXPONENTS),
        ("history_days", HISTORY_DAYS),
        ("momentum_exponent", MOMENTUM_EXPONENTS),
        ("momentum_days", MOMENTUM_DAYS),
        ("succession_share", SUCCESSION_SHARES),
        ("ridge_share", RIDGE_SHARES),
    )
    best = hyperparameters
    if not has_times:
        best = replace(best, history_days=FOREVER, succession_share=0.0, momentum_exponent=0.0)
    for name, values in (("ridge_share", RIDGE_SHARES), *(with_times if has_times else ())):
        for_values = [_with_valid_shares(replace(best, **{name: value})) for value in values]
        scores = [objective.ndcg(tried) for tried in for_values]
        position = int(np.argmax(scores))
        best, score = for_values[position], scores[position]
    return score, best


def _with_valid_shares(hyperparameters: Hyperparameters) -> Hyperparameters:
    """Keep the sum of the shares at 1 or below, by lowering that of the regression."""
    share = min(hyperparameters.ridge_share, 1.0 - hyperparameters.succession_share)
    return replace(hyperparameters, ridge_share=share)
