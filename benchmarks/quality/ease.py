"""EASE: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (WWW 2019)."""

import time

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from benchmarks.quality.ranking_task import Ints, RankingTask
from benchmarks.quality.rankings import Rankings, fill, most_weight_first

MAX_PRODUCTS = 6_000
"""The inverse of a dense matrix of so many products takes ten seconds of a core and 150 MB; time grows with the cube."""
CUSTOMERS_AT_ONCE = 500


def rank_by_ease(task: RankingTask, *, k: int, weighting: str, ridge: float) -> Rankings:
    """Rank by a ridge regression of each product on all others, for the MAX_PRODUCTS products with the most customers."""
    matrix = task.matrix(weighting)
    started_at = time.perf_counter()
    popular_first = most_weight_first(task, weighting="binary")
    ranked = np.sort(popular_first[:MAX_PRODUCTS])
    weights = ease_weights(np.asarray((matrix[:, ranked].T @ matrix[:, ranked]).todense(), dtype=np.float32), ridge=ridge)
    trained_at = time.perf_counter()
    lists = np.full((len(task.customers), k), -1, dtype=np.int64)
    excluded = task.excluded()
    for start in range(0, len(lists), CUSTOMERS_AT_ONCE):
        rows = slice(start, start + CUSTOMERS_AT_ONCE)
        scores = np.asarray(matrix[task.customers[rows]][:, ranked] @ weights)
        scores[excluded[rows][:, ranked].toarray() > 0] = -np.inf
        lists[rows] = _best(scores, ranked, k=k)
    ranked_at = time.perf_counter()
    lists = fill(lists, popular_first, excluded)
    return Rankings(lists=lists, train_seconds=trained_at - started_at, list_seconds=ranked_at - trained_at)


def ease_weights(gram: npt.NDArray[np.float32], *, ridge: float) -> npt.NDArray[np.float32]:
    """Return the weights (n, n) from `gram` = X'X: with P = (X'X + ridge I)^-1, B_ij = -P_ij / P_jj and B_jj = 0.

    Equation 8 of the paper. The matrix is positive definite, so Cholesky inverts it in half the time of a general inverse.
    """
    gram = gram + ridge * np.eye(len(gram), dtype=np.float32)
    factor, failed = lapack.spotrf(gram, lower=True, overwrite_a=True)
    inverse, failed_too = lapack.spotri(factor, lower=True, overwrite_c=True)
    if failed or failed_too:
        raise ArithmeticError(f"the matrix with ridge {ridge} is not positive definite in single precision")
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def _best(scores: npt.NDArray[np.float32], products: Ints, *, k: int) -> Ints:
    """Return the products (n, k) with the highest positive scores, best first; -1 pads."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    lists = np.full((len(scores), k), -1, dtype=np.int64)
    lists[:, : order.shape[1]] = np.where(np.take_along_axis(scores, order, axis=1) > 0, products[order], -1)
    return lists
