"""What the rankings of all rivals have in common."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmarks.quality.ranking_task import Ints, RankingTask


@dataclass(frozen=True, kw_only=True)
class Rankings:
    """Lists (n, k) of product indexes for the customers of a task, with the seconds of training and of ranking."""

    lists: Ints
    train_seconds: float
    list_seconds: float


def most_weight_first(task: RankingTask, *, weighting: str, days: float | None = None) -> Ints:
    """Return all products by total weight over all customers, in the newest `days` if given; ties by index."""
    recent = task if days is None else task.newest(days)
    return np.argsort(-np.asarray(recent.matrix(weighting).sum(axis=0)).ravel(), kind="stable")


def fill(lists: Ints, order: Ints, excluded: sparse.csr_matrix) -> Ints:
    """Fill empty ranks with the first products of `order` that are neither in the list nor `excluded` for the customer."""
    filled = lists.copy()
    for row in np.flatnonzero((lists < 0).any(axis=1)):
        empty = lists[row] < 0
        taken = np.concatenate([lists[row][~empty], excluded.indices[excluded.indptr[row] : excluded.indptr[row + 1]]])
        first = order[: len(taken) + len(empty)]
        new = first[np.isin(first, taken, invert=True)][: empty.sum()]
        filled[row, np.flatnonzero(empty)[: len(new)]] = new
    return filled
