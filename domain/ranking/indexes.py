"""Arrays of product indexes, and what numpy lacks for them or does slowly."""

import numpy as np
import numpy.typing as npt

Indexes = npt.NDArray[np.intp]
"""Product indexes, or positions of products."""

NO_PRODUCTS: Indexes = np.empty(0, dtype=np.intp)


def union(*parts: Indexes) -> Indexes:
    """Return the distinct indexes of all parts, ascending."""
    # numpy's `unique` hashes integers, which takes ten times as long as to sort some thousands.
    ascending = np.sort(np.concatenate(parts))
    return ascending[_is_first(ascending)]


def positions_in(ascending: Indexes, products: Indexes) -> Indexes:
    """Return the position of each of `products` in `ascending`, -1 for those that it lacks."""
    if not len(ascending):
        return np.full(len(products), -1)
    places = np.minimum(ascending.searchsorted(products), len(ascending) - 1)
    return np.where(ascending[places] == products, places, -1)


def order_within(groups: Indexes, values: npt.NDArray[np.float64 | np.int64]) -> tuple[Indexes, Indexes, Indexes]:
    """Order by group, and within a group from the highest value down, ties by position.

    Return the order (n,), the start of each group in it, and the rank of each of its places within its group, from 0.
    """
    order = np.lexsort((-values, groups))
    is_first = _is_first(groups[order])
    places = np.arange(len(order))
    ranks = places - np.maximum.accumulate(np.where(is_first, places, 0))
    return order, np.flatnonzero(is_first), ranks


def ranks_within(groups: Indexes, values: npt.NDArray[np.float64 | np.int64]) -> Indexes:
    """Rank each value within its group, from 0 for the highest, ties by position."""
    order, _, ordered = order_within(groups, values)
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = ordered
    return ranks


def _is_first(ordered: Indexes) -> npt.NDArray[np.bool_]:
    """Return which values differ from the one before them."""
    # numpy's `diff` with a value to prepend takes several times as long.
    is_first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return is_first
