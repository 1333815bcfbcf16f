"""The models to compare with, and what each is tuned over: popularity, `implicit`, and short implementations of papers."""

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

from benchmarks.quality.ease import MAX_PRODUCTS, rank_by_ease
from benchmarks.quality.own_frequency import rank_by_own_frequency
from benchmarks.quality.ranking_task import RankingTask
from benchmarks.quality.rankings import Rankings, fill, most_weight_first
from benchmarks.quality.session_knn import rank_by_sessions
from benchmarks.quality.single_list import CEILING, rank_by_the_test

RECENT_DAYS = 14
DAYS = (3, 7, 14, 30, 90)
HALF_LIVES = (7, 14, 30, 60, 120)
RIDGES = (200, 20, 50, 100, 500, 1000, 2000)
RECENT_SESSIONS = (100, 250, 500, 1000, 2500)
SIMILAR_SESSIONS = (50, 100, 250, 500)
LAST_CLICKS = (9, 1, 2, 3, 5)
N_NEIGHBOURS = (50, 100, 200, 400, 800)
FACTORS = (32, 64, 128)
REGULARISATION = (0.01, 0.1, 1.0)
ALPHA = (1, 5, 20)
N_SEEDS = 5

Settings = dict[str, Any]


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
    order = most_weight_first(task, weighting=weighting, days=days)
    trained_at = time.perf_counter()
    lists = fill(np.full((len(task.customers), k), -1), order, task.excluded())
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
    own = matrix[task.customers]
    lists, _ = model.recommend(task.customers, own, N=k, filter_already_liked_items=task.seen == "drop")
    ranked_at = time.perf_counter()
    lists = fill(lists.astype(np.int64), most_weight_first(task, weighting="binary"), task.excluded())
    return Rankings(lists=lists, train_seconds=trained_at - started_at, list_seconds=ranked_at - trained_at)


def rivals(task: RankingTask, *, are_sessions: bool = False, are_baskets: bool = False) -> list[Rival]:
    """Return the models that suit the events and the customers, with their candidate settings.

    Least squares chooses the weighting with the smallest number of factors, then its other settings with that weighting;
    EASE and sessions choose in two rounds as well.
    """
    weighting = task.weightings()
    popular = [Rival(name="popularity", rank=rank_by_popularity, rounds=[_grid(weighting=weighting)])]
    if task.has_times:
        recent = [_grid(weighting=weighting, days=[RECENT_DAYS]), _grid(days=[days for days in DAYS if days != RECENT_DAYS])]
        popular.append(Rival(name="popularity, newest days", rank=rank_by_popularity, rounds=recent))
    # Who has no history has no neighbours, and no factors.
    if task.audience == "newcomers":
        return [*popular, Rival(name=CEILING, rank=rank_by_the_test, rounds=[[{}]])]
    special = [*(_basket_rivals() if are_baskets else ()), *(_session_rivals() if are_sessions else ())]
    return [*popular, *special, *_ease(task, weighting), *_implicit(weighting)]


def _basket_rivals() -> list[Rival]:
    rank = rank_by_own_frequency
    return [
        Rival(name="TopPersonal", rank=rank, rounds=[_grid(half_life_days=[None])]),
        Rival(name="TopPersonal, decayed", rank=rank, rounds=[_grid(half_life_days=HALF_LIVES)]),
    ]


def _session_rivals() -> list[Rival]:
    rounds = [
        _grid(m=RECENT_SESSIONS, neighbours=SIMILAR_SESSIONS),
        _grid(last=LAST_CLICKS, idf=(True, False), with_current=(True, False)),
    ]
    return [Rival(name="VMIS-kNN", rank=rank_by_sessions, rounds=rounds)]


def _ease(task: RankingTask, weighting: list[str]) -> list[Rival]:
    n_products = task.shape[1]
    part = "" if n_products <= MAX_PRODUCTS else f" of {MAX_PRODUCTS:,} products"
    rounds = [_grid(weighting=weighting, ridge=RIDGES[:1]), _grid(ridge=RIDGES[1:])]
    return [Rival(name=f"EASE{part}", rank=rank_by_ease, rounds=rounds)]


def _implicit(weighting: list[str]) -> list[Rival]:
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
    return [*nearest, Rival(name="implicit ALS", rank=rank_by_factors, rounds=rounds, seeds=seeds)]


def _grid(**choices: Iterable[Any]) -> list[Settings]:
    return [dict(zip(choices, chosen, strict=True)) for chosen in product(*choices.values())]
