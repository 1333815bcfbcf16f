"""Ranking metrics, one value per customer, and bootstrap intervals of their means.

`hits` (n_customers, k) marks by rank whether the product there is relevant; it is False after the end of a short list.
`n_relevant` (n_customers,) counts the relevant products of each customer, including those that no list can contain.
Customers without relevant products have no recall and no NDCG; callers leave them out and count them.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

VALUES_PER_BLOCK = 1 << 20


def recall_at_k(hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the share of each customer's relevant products in the list: hits / relevant.

    It stays below 1 if more products are relevant than the list has ranks. Raises ValueError as `_check` describes.
    """
    _check(hits, n_relevant)
    return hits.sum(axis=1) / n_relevant


def ndcg_at_k(hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the discounted cumulative gain of each list over that of the ideal list.

    DCG = sum over the hits of 1 / log2(rank + 1), ranks from 1 (Järvelin & Kekäläinen 2002, binary gain). The ideal list
    begins with min(k, relevant) hits, so 1 can always be reached. Raises ValueError as `_check` describes.
    """
    _check(hits, n_relevant)
    k = hits.shape[1]
    discounts = 1 / np.log2(np.arange(k) + 2)
    best = np.cumsum(discounts)[np.minimum(k, n_relevant) - 1]
    # The two sums differ in order, so their ratio can exceed 1 by the last bit.
    return np.minimum(hits @ discounts / best, 1.0)


def hit_rate_at_k(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return 1 for each list with at least one hit, else 0."""
    return np.where(hits.any(axis=1), 1.0, 0.0)


def mrr_at_k(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return 1 / rank of the first hit of each list, 0 for a list without a hit (Voorhees 1999, cut at k)."""
    first = hits.argmax(axis=1, keepdims=True)
    return np.take_along_axis(hits, first, axis=1)[:, 0] / (first[:, 0] + 1)


def catalogue_coverage(lists: npt.NDArray[np.int64], *, n_products: int) -> float:
    """Return the share of a catalogue of `n_products` that is in at least one list; 0 for an empty catalogue.

    `lists` holds product indexes in any shape; negative ones pad short lists and do not count.
    """
    listed = np.unique(lists)
    return int(np.count_nonzero(listed >= 0)) / max(n_products, 1)


def top_product_share(rankings: Sequence[Sequence[int]]) -> float:
    """Return the share of rankings that contain the product which most of them contain; 0 without products."""
    counts = Counter(index for ranking in rankings for index in ranking)
    return max(counts.values(), default=0) / max(len(rankings), 1)


def bootstrap_interval(values: npt.NDArray[np.float64], *, rng: np.random.Generator, n: int = 1000) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of `values` (n_customers,), from `n` resamples (Efron 1979).

    Customers are resampled, so the interval shows how much the mean depends on the sample of customers. It does not
    compare two models on the same customers. Raises ValueError without values.
    """
    if not len(values):
        raise ValueError("there are no values to resample")
    # Blocks of about a million values bound memory.
    at_once = max(VALUES_PER_BLOCK // len(values), 1)
    means = np.concatenate(
        [
            values[rng.integers(len(values), size=(min(at_once, n - first), len(values)))].mean(axis=1)
            for first in range(0, n, at_once)
        ]
    )
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return low, high


def _check(hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64]) -> None:
    """Raise ValueError for empty lists, and for customers without relevant products or with more hits than those."""
    if not hits.shape[1]:
        raise ValueError("lists need at least one rank")
    if (n_relevant < 1).any():
        raise ValueError("leave out customers without relevant products")
    if (hits.sum(axis=1) > n_relevant).any():
        raise ValueError("a list holds a relevant product twice, or n_relevant is too low")
