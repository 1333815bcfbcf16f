"""The models to compare with: popularity, and the nearest neighbours and the factorisation of `implicit`."""

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

from benchmarks.quality.questions import Ints, Questions

RECENT_DAYS = 14
N_NEIGHBOURS = (50, 100, 200, 400, 800)
FACTORS = (32, 64, 128)
REGULARISATION = (0.01, 0.1, 1.0)
ALPHA = (1, 5, 20)
N_SEEDS = 5

Settings = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Lists (n, k) of product indexes for the customers asked for, with the seconds that training and listing took."""

    lists: Ints
    train_seconds: float
    list_seconds: float


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A model: how it answers with given settings, and what to choose them from.

    Rounds of choices: what a round leaves open stays as it was chosen in the rounds before. A model that starts at random
    is chosen with the first seed and tested with each of `seeds`.
    """

    name: str
    answer: Callable[..., Answers]
    rounds: list[list[Settings]]
    seeds: tuple[Settings, ...] = ({},)


def by_popularity(asked: Questions, *, k: int, weighting: str, days: float | None = None) -> Answers:
    """Rank by the sum of the weights of all customers, of the newest `days` if given; ties go to the lower index."""
    began = time.perf_counter()
    order = _popular_first(asked, weighting=weighting, days=days)
    trained = time.perf_counter()
    lists = _filled(np.full((len(asked.asked), k), -1), order, asked.matrix("binary")[asked.asked])
    return Answers(lists=lists, train_seconds=trained - began, list_seconds=time.perf_counter() - trained)


def by_neighbours(
    asked: Questions, *, k: int, weighting: str, n_neighbours: int, recommender: type[ItemItemRecommender]
) -> Answers:
    """Rank by nearest neighbours; what such a list lacks is filled up with popular products, as a shop would."""
    model = recommender(K=n_neighbours, num_threads=1)
    return _by_implicit(asked, model, k=k, weighting=weighting)


def by_factors(
    asked: Questions, *, k: int, weighting: str, factors: int, regularisation: float, alpha: float, seed: int = 0
) -> Answers:
    """Rank by alternating least squares."""
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularisation, alpha=alpha, num_threads=1, random_state=seed
    )
    return _by_implicit(asked, model, k=k, weighting=weighting)


def _by_implicit(asked: Questions, model: Any, *, k: int, weighting: str) -> Answers:
    matrix = asked.matrix(weighting)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Method expects CSR input")  # it means a matrix that the library itself makes
        model.fit(matrix, show_progress=False)
    trained = time.perf_counter()
    own = matrix[asked.asked]
    lists, _ = model.recommend(asked.asked, own, N=k, filter_already_liked_items=True)
    answered = time.perf_counter()
    lists = _filled(lists.astype(np.int64), _popular_first(asked, weighting="binary"), own)
    return Answers(lists=lists, train_seconds=trained - began, list_seconds=answered - trained)


def _popular_first(asked: Questions, *, weighting: str, days: float | None = None) -> Ints:
    counted = asked if days is None else asked.newest(days)
    return np.argsort(-np.asarray(counted.matrix(weighting).sum(axis=0)).ravel(), kind="stable")


def _filled(lists: Ints, order: Ints, own: sparse.csr_matrix) -> Ints:
    """Put the first products of `order` that are neither in the list nor the customer's own into the empty places."""
    filled = lists.copy()
    for row in np.flatnonzero((lists < 0).any(axis=1)):
        empty = lists[row] < 0
        taken = np.concatenate([lists[row][~empty], own.indices[own.indptr[row] : own.indptr[row + 1]]])
        first = order[: len(taken) + len(empty)]
        new = first[np.isin(first, taken, invert=True)][: empty.sum()]
        filled[row, np.flatnonzero(empty)[: len(new)]] = new
    return filled


def rivals(asked: Questions) -> list[Rival]:
    """List the models that these events allow, with their choices.

    Least squares chooses the weighting with the smallest number of factors, then the rest with this weighting.
    """
    weighting = asked.weightings()
    popular = [
        Rival(name=f"popularity, {days} days" if days else "popularity", answer=by_popularity, rounds=[rows])
        for days, rows in ((None, _grid(weighting=weighting)), (RECENT_DAYS, _grid(weighting=weighting, days=[RECENT_DAYS])))
        if days is None or asked.has_times
    ]
    nearest = [
        Rival(
            name=f"implicit {name}",
            answer=partial(by_neighbours, recommender=recommender),
            rounds=[_grid(weighting=weighting, n_neighbours=N_NEIGHBOURS)],
        )
        for name, recommender in (("cosine", CosineRecommender), ("BM25", BM25Recommender))
    ]
    rest = {"regularisation": REGULARISATION, "alpha": ALPHA}
    rounds = [_grid(weighting=weighting, factors=FACTORS[:1], **rest), _grid(factors=FACTORS[1:], **rest)]
    seeds = tuple(_grid(seed=range(N_SEEDS)))
    return [*popular, *nearest, Rival(name="implicit ALS", answer=by_factors, rounds=rounds, seeds=seeds)]


def _grid(**choices: Iterable[Any]) -> list[Settings]:
    return [dict(zip(choices, chosen, strict=True)) for chosen in product(*choices.values())]
