"""Arrays of product indexes, and what numpy lacks for them or does slowly."""

import numpy as np
import numpy.typing as npt

Indexes = npt.NDArray[np.intp]
"""Product indexes, or positions of products."""


def union(*parts: Indexes) -> Indexes:
    """Return the distinct indexes of all parts, ascending."""
    # numpy's `unique` hashes integers, which takes ten times as long as to sort some thousands.
    ascending = np.sort(np.concatenate(parts))
    return ascending[np.diff(ascending, prepend=-1) != 0]


def positions_in(ascending: Indexes, products: Indexes) -> Indexes:
    """Return the position of each of `products` in `ascending`, -1 for those that it lacks."""
    if not len(ascending):
        return np.full(len(products), -1)
    places = np.minimum(ascending.searchsorted(products), len(ascending) - 1)
    return np.where(ascending[places] == products, places, -1)


def ranks_within(groups: Indexes, values: npt.NDArray[np.float64 | np.int64]) -> Indexes:
    """Rank each value within its group, from 0 for the highest, ties by position."""
    order = np.lexsort((-values, groups))
    places = np.arange(len(order))
    is_first = np.diff(groups[order], prepend=groups[order[:1]] - 1) != 0
    ranks = np.empty(len(values), dtype=np.intp)
    ranks[order] = places - np.maximum.accumulate(np.where(is_first, places, 0))
    return ranks
