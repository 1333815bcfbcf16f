"""How good ranked lists are, one value per customer, and how sure the mean of such values is.

`hits` (n_customers, k) says by rank whether the product there is relevant, False where a list ends before k. `n_relevant`
(n_customers,) counts the relevant products of each customer, with those that no list can hold. Customers without any have
no recall and no NDCG: they are to be left out, and counted, before.
"""

import numpy as np
import numpy.typing as npt

RESAMPLED_AT_ONCE = 1 << 20


def recall_at_k(hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the part of each customer's relevant products that the list holds: hits / relevant.

    It cannot reach 1 where more products are relevant than the list has places. Raises ValueError as `_check` says.
    """
    _check(hits, n_relevant)
    return hits.sum(axis=1) / n_relevant


def ndcg_at_k(hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the discounted gain of each list, divided by that of the best possible list.

    DCG = sum over the hits of 1 / log2(rank + 1), ranks from 1 (Järvelin & Kekäläinen 2002, with binary gain); the best list
    begins with min(k, relevant) hits, so that 1 can always be reached. Raises ValueError as `_check` says.
    """
    _check(hits, n_relevant)
    k = hits.shape[1]
    discounts = 1 / np.log2(np.arange(k) + 2)
    best = np.cumsum(discounts)[np.minimum(k, n_relevant) - 1]
    # A sum in another order than the best one's may pass it by the last bit.
    return np.minimum(hits @ discounts / best, 1.0)


def hit_rate_at_k(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return 1 for each list with at least one hit, else 0."""
    return np.where(hits.any(axis=1), 1.0, 0.0)


def mrr_at_k(hits: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return 1 / rank of the first hit of each list, 0 for a list without a hit (Voorhees 1999, cut at k)."""
    first = hits.argmax(axis=1, keepdims=True)
    return np.take_along_axis(hits, first, axis=1)[:, 0] / (first[:, 0] + 1)


def catalogue_coverage(lists: npt.NDArray[np.int64], *, n_products: int) -> float:
    """Return the part of a catalogue of `n_products` that is in at least one list; 0 for an empty catalogue.

    `lists` holds product indexes in any shape; negative ones fill up lists that end early, and do not count.
    """
    shown = np.unique(lists)
    return int(np.count_nonzero(shown >= 0)) / max(n_products, 1)


def bootstrap_interval(values: npt.NDArray[np.float64], *, rng: np.random.Generator, n: int = 1000) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean of `values` (n_customers,), from `n` resamples (Efron 1979).

    Customers are what is drawn again, so the interval says how much the mean owes to who happened to come; it does not tell
    two models apart that were measured on the same customers. Resamples are drawn in blocks of about a million customers.
    Raises ValueError without values.
    """
    if not len(values):
        raise ValueError("no values to resample")
    at_once = max(RESAMPLED_AT_ONCE // len(values), 1)
    means = np.concatenate(
        [
            values[rng.integers(len(values), size=(min(at_once, n - first), len(values)))].mean(axis=1)
            for first in range(0, n, at_once)
        ]
    )
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return low, high


def _check(hits: npt.NDArray[np.bool_], n_relevant: npt.NDArray[np.int64]) -> None:
    """Raise ValueError for a customer with no relevant product, or with more hits than that, and for lists of no place."""
    if not hits.shape[1]:
        raise ValueError("lists need at least one place")
    if (n_relevant < 1).any():
        raise ValueError("leave out customers without relevant products")
    if (hits.sum(axis=1) > n_relevant).any():
        raise ValueError("a list holds a relevant product twice, or n_relevant is too low")
