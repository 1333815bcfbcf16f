"""Popular products with a weight each, looked up for many candidates at once."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.model import WeightedProducts
from domain.ranking.packing import unpack


class Trend(Struct, frozen=True, kw_only=True):
    """Popular products: their indexes best first, and again ascending as `products` (n,) with their `weights` (n,)."""

    best_first: npt.NDArray[np.intp]
    products: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float64]

    def of(self, candidates: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        """Return the weight of each candidate, 0 for those that are not popular."""
        if not len(self.products):
            return np.zeros(len(candidates))
        places = np.minimum(self.products.searchsorted(candidates), len(self.products) - 1)
        return np.where(self.products[places] == candidates, self.weights[places], 0.0)


@lru_cache(maxsize=64)
def trend_of(popular: WeightedProducts) -> Trend:
    return _trend(np.array(popular.products, dtype=np.intp), np.array(popular.weights, dtype=np.float64))


@lru_cache(maxsize=4096)
def unpack_trend(packed: bytes) -> Trend:
    entries = unpack(packed)
    return _trend(entries["product_index"].astype(np.intp), entries["weight"].astype(np.float64))


def _trend(best_first: npt.NDArray[np.intp], weights: npt.NDArray[np.float64]) -> Trend:
    order = np.argsort(best_first)
    return Trend(best_first=best_first, products=best_first[order], weights=weights[order])
