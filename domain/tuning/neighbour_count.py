"""Tune how many neighbours of each product are kept, by how well neighbours alone predict held-out events."""

import numpy as np
from msgspec.structs import replace

from domain.evaluation.splitting import GroundTruth
from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from domain.training.neighbours import NeighbourModels, combine, learn_neighbours
from domain.training.training_data import TrainingData
from domain.tuning.histories import CustomerHistories
from domain.tuning.pattern_search import is_surely_better

N_NEIGHBOURS = (100, 200, 300)
MAX_LIST_ENTRIES = 20_000
"""How many neighbours the list of a customer with a long history, the ninetieth of a hundred, adds up."""
MAX_STORED_ENTRIES = 10_000_000
"""How many neighbours are stored above the first value of N_NEIGHBOURS; each has 8 bytes."""


def fit_n_neighbours(
    data: TrainingData, hyperparameters: Hyperparameters, ground_truth: GroundTruth, *, known: NeighbourModels | None
) -> tuple[Hyperparameters, NeighbourModels | None]:
    """Choose the number of neighbours; return it with models of the whole shop, or `known` where there is no choice.

    More neighbours take more memory and time in every list, so each step up has to be surely better than what was chosen
    before. Each number is tried with the models that would be trained with it.
    """
    values = affordable(data)
    if len(values) == 1:
        return hyperparameters, known
    histories = CustomerHistories(data, ground_truth)
    seeds = histories.seeds(hyperparameters)
    best, best_scores, best_models = hyperparameters, None, known
    for value in values:
        tried = replace(hyperparameters, n_neighbours=value)
        # Regressions, which take most of the time, are the same for all.
        known = learn_neighbours(data, tried, known=known)
        scores = histories.ndcg(histories.best_unseen(seeds, combine(known, tried)))
        if best_scores is None or is_surely_better(scores, best_scores, n_errors=2.0):
            best, best_scores, best_models = tried, scores, known
    return best, best_models


def affordable(data: TrainingData) -> tuple[int, ...]:
    """Return the values of N_NEIGHBOURS that storage and the time of a list allow, always the first."""
    sizes = np.bincount(data.pairs.customers)
    long_history = float(np.quantile(sizes[sizes > 0], 0.9))
    n_products = int(np.count_nonzero(data.n_customers))
    most = min(MAX_LIST_ENTRIES / min(long_history, MAX_HISTORY_EVENTS), MAX_STORED_ENTRIES / n_products)
    return tuple(value for value in N_NEIGHBOURS if value == N_NEIGHBOURS[0] or value <= most)
