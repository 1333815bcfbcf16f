"""Popular products with a weight each, looked up for many candidates at once."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.indexes import Indexes, positions_in
from domain.ranking.model import WeightedProducts
from domain.ranking.packing import unpack

MAX_CACHED = 64


class Trend(Struct, frozen=True, kw_only=True):
    """Popular products: their indexes best first, and again ascending as `products` (n,) with their `weights` (n,).

    `largest` is the largest weight, 0 without any; `weights_and_zero` (n + 1,) ends with the weight of all other products.
    """

    best_first: Indexes
    products: Indexes
    weights: npt.NDArray[np.float64]
    largest: float
    weights_and_zero: npt.NDArray[np.float64]

    def of(self, candidates: Indexes) -> npt.NDArray[np.float64]:
        """Return the weight of each candidate, 0 for those that are not popular."""
        return self.weights_and_zero[positions_in(self.products, candidates)]


_TRENDS: dict[int, tuple[WeightedProducts, Trend]] = {}


def trend_of(popular: WeightedProducts) -> Trend:
    """Return the trend of popular products; it is cached for the same object, because a hash reads thousands of numbers."""
    known = _TRENDS.get(id(popular))
    if known is None or known[0] is not popular:
        if len(_TRENDS) >= MAX_CACHED:
            del _TRENDS[next(iter(_TRENDS))]
        trend = _trend(np.array(popular.products, dtype=np.intp), np.array(popular.weights, dtype=np.float64))
        known = _TRENDS[id(popular)] = popular, trend
    return known[1]


@lru_cache(maxsize=4096)
def unpack_trend(packed: bytes) -> Trend:
    entries = unpack(packed)
    return _trend(entries["product_index"].astype(np.intp), entries["weight"].astype(np.float64))


def _trend(best_first: Indexes, weights: npt.NDArray[np.float64]) -> Trend:
    order = np.argsort(best_first)
    ordered = np.append(weights[order], 0.0)
    return Trend(
        best_first=best_first,
        products=best_first[order],
        weights=ordered[:-1],
        largest=float(ordered.max()),
        weights_and_zero=ordered,
    )
