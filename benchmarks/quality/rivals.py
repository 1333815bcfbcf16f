"""The models to compare with: popularity, and nearest neighbours and matrix factorisation of `implicit`."""

import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, ItemItemRecommender
from scipy import sparse

from benchmarks.quality.ranking_task import Ints, RankingTask

RECENT_DAYS = 14
N_NEIGHBOURS = (50, 100, 200, 400, 800)
FACTORS = (32, 64, 128)
REGULARISATION = (0.01, 0.1, 1.0)
ALPHA = (1, 5, 20)
N_SEEDS = 5

Settings = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rankings:
    """Lists (n, k) of product indexes for the customers of a task, with the seconds of training and of ranking."""

    lists: Ints
    train_seconds: float
    list_seconds: float


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A model with its candidate settings.

    Settings are chosen in rounds: a round keeps the choices of earlier rounds for the settings that it does not name. A
    model with random initialisation is tuned with the first seed and tested with each of `seeds`.
    """

    name: str
    rank: Callable[..., Rankings]
    rounds: list[list[Settings]]
    seeds: tuple[Settings, ...] = ({},)


def rank_by_popularity(task: RankingTask, *, k: int, weighting: str, days: float | None = None) -> Rankings:
    """Rank by total weight over all customers, in the newest `days` if given; ties go to the lower index."""
    started_at = time.perf_counter()
    order = _popular_first(task, weighting=weighting, days=days)
    trained_at = time.perf_counter()
    lists = _fill(np.full((len(task.customers), k), -1), order, task.matrix("binary")[task.customers])
    return Rankings(lists=lists, train_seconds=trained_at - started_at, list_seconds=time.perf_counter() - trained_at)


def rank_by_neighbours(
    task: RankingTask, *, k: int, weighting: str, n_neighbours: int, recommender: type[ItemItemRecommender]
) -> Rankings:
    """Rank by nearest neighbours; fill short lists with popular products, as a shop would."""
    model = recommender(K=n_neighbours, num_threads=1)
    return _rank_by_implicit(task, model, k=k, weighting=weighting)


def rank_by_factors(
    task: RankingTask, *, k: int, weighting: str, factors: int, regularisation: float, alpha: float, seed: int = 0
) -> Rankings:
    """Rank by alternating least squares."""
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularisation, alpha=alpha, num_threads=1, random_state=seed
    )
    return _rank_by_implicit(task, model, k=k, weighting=weighting)


def _rank_by_implicit(task: RankingTask, model: Any, *, k: int, weighting: str) -> Rankings:
    matrix = task.matrix(weighting)
    started_at = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Method expects CSR input")  # the library makes that matrix itself
        model.fit(matrix, show_progress=False)
    trained_at = time.perf_counter()
    seen = matrix[task.customers]
    lists, _ = model.recommend(task.customers, seen, N=k, filter_already_liked_items=True)
    ranked_at = time.perf_counter()
    lists = _fill(lists.astype(np.int64), _popular_first(task, weighting="binary"), seen)
    return Rankings(lists=lists, train_seconds=trained_at - started_at, list_seconds=ranked_at - trained_at)


def _popular_first(task: RankingTask, *, weighting: str, days: float | None = None) -> Ints:
    recent = task if days is None else task.newest(days)
    return np.argsort(-np.asarray(recent.matrix(weighting).sum(axis=0)).ravel(), kind="stable")


def _fill(lists: Ints, order: Ints, seen: sparse.csr_matrix) -> Ints:
    """Fill empty ranks with the first products of `order` that are neither in the list nor seen by the customer."""
    filled = lists.copy()
    for row in np.flatnonzero((lists < 0).any(axis=1)):
        empty = lists[row] < 0
        taken = np.concatenate([lists[row][~empty], seen.indices[seen.indptr[row] : seen.indptr[row + 1]]])
        first = order[: len(taken) + len(empty)]
        new = first[np.isin(first, taken, invert=True)][: empty.sum()]
        filled[row, np.flatnonzero(empty)[: len(new)]] = new
    return filled


def rivals(task: RankingTask) -> list[Rival]:
    """Return the models that suit the events, with their candidate settings.

    Least squares chooses the weighting with the smallest number of factors, then its other settings with that weighting.
    """
    weighting = task.weightings()
    popular = [
        Rival(name=f"popularity, {days} days" if days else "popularity", rank=rank_by_popularity, rounds=[rows])
        for days, rows in ((None, _grid(weighting=weighting)), (RECENT_DAYS, _grid(weighting=weighting, days=[RECENT_DAYS])))
        if days is None or task.has_times
    ]
    nearest = [
        Rival(
            name=f"implicit {name}",
            rank=partial(rank_by_neighbours, recommender=recommender),
            rounds=[_grid(weighting=weighting, n_neighbours=N_NEIGHBOURS)],
        )
        for name, recommender in (("cosine", CosineRecommender), ("BM25", BM25Recommender))
    ]
    rest = {"regularisation": REGULARISATION, "alpha": ALPHA}
    rounds = [_grid(weighting=weighting, factors=FACTORS[:1], **rest), _grid(factors=FACTORS[1:], **rest)]
    seeds = tuple(_grid(seed=range(N_SEEDS)))
    return [*popular, *nearest, Rival(name="implicit ALS", rank=rank_by_factors, rounds=rounds, seeds=seeds)]


def _grid(**choices: Iterable[Any]) -> list[Settings]:
    return [dict(zip(choices, chosen, strict=True)) for chosen in product(*choices.values())]
