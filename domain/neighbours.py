"""Item-to-item collaborative filtering: which products the same customers take an interest in."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import sparse

N_NEIGHBOURS = 50
MOST_PRODUCTS = 300
"""A customer counts with the products of the last interactions only: cost grows with the square of their number, and what
is most recent says most (Kersbergen et al., "Serenade", SIGMOD 2022)."""

ACTIVITY_EXPONENT = 0.5
POPULARITY_EXPONENT = 0.5
SHRINKAGE = 0.5
BLOCK = 1000


class Neighbour(Struct, frozen=True, kw_only=True):
    """The neighbours of one product, best first: product indexes and weights in (0, 1]."""

    product_index: int
    products: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]


def preferences(
    customers: npt.NDArray[np.int64],
    products: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    occurred_at: npt.NDArray[np.int64],
    *,
    n_products: int,
) -> Any:
    """Make the (customers, products) matrix of the largest weight of each pair, cut to each customer's newest products.

    The four arrays are parallel, one entry per interaction; `customers` are numbered from 0.
    """
    n_customers = int(customers.max(initial=-1)) + 1
    by_pair = np.lexsort((occurred_at, products, customers))
    pairs = (customers * n_products + products)[by_pair]
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    last = np.append(first, len(pairs))[1:] - 1
    strongest = np.maximum.reduceat(weights[by_pair], first) if len(first) else np.empty(0)
    newest = occurred_at[by_pair][last]
    customer, product = np.divmod(pairs[first], n_products)
    kept = _newest_of_each(customer, newest)
    return sparse.csr_array(
        (strongest[kept], (customer[kept], product[kept])), shape=(n_customers, n_products), dtype=np.float64
    )


def neighbours(matrix: Any, *, n_neighbours: int = N_NEIGHBOURS) -> Iterator[Neighbour]:
    """Yield the neighbours of each product that has any, by product index, ties to the lower index.

    The weight of j for i is c(i,j) / (c(i,i)^a c(j,j)^(1-a) + shrinkage), with c = X' D X and D the customers' activity
    (number of products) to the power of -0.5: cosine similarity, shrunk where little supports it (Bell & Koren, "Improved
    neighborhood-based collaborative filtering", 2007), with active customers down-weighted (Deshpande & Karypis, "Item-based
    top-N recommendation algorithms", 2004). Computed by blocks of products, so memory does not grow with their square.
    """
    activity = np.diff(matrix.indptr).clip(min=1)
    weighted: Any = sparse.diags_array(activity**-ACTIVITY_EXPONENT) @ matrix
    strength = np.asarray(weighted.multiply(matrix).sum(axis=0)).ravel()
    by_product = weighted.T.tocsr()
    for first in range(0, matrix.shape[1], BLOCK):
        block: Any = (by_product[first : first + BLOCK] @ matrix).tocsr()
        for row in range(block.shape[0]):
            entries = slice(block.indptr[row], block.indptr[row + 1])
            found = _strongest(block.indices[entries], block.data[entries], first + row, strength, n_neighbours)
            if found is not None:
                yield found


def _strongest(
    candidates: npt.NDArray[np.int32],
    together: npt.NDArray[np.float64],
    product: int,
    strength: npt.NDArray[np.float64],
    n_neighbours: int,
) -> Neighbour | None:
    scale = strength[product] ** POPULARITY_EXPONENT * strength[candidates] ** (1 - POPULARITY_EXPONENT)
    weights = np.where(candidates == product, 0.0, together / (scale + SHRINKAGE))
    if len(weights) > n_neighbours:
        # Ties at the edge are kept here and broken by the sort below.
        edge = np.partition(weights, -n_neighbours)[-n_neighbours]
        near = np.flatnonzero(weights >= edge)
        candidates, weights = candidates[near], weights[near]
    order = np.lexsort((candidates, -weights))[:n_neighbours]
    order = order[weights[order] > 0]
    if not len(order):
        return None
    return Neighbour(
        product_index=product,
        products=candidates[order].astype(np.int32),
        weights=np.minimum(weights[order], 1.0).astype(np.float32),
    )


def _newest_of_each(customers: npt.NDArray[np.int64], newest: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Choose the positions of each customer's newest MOST_PRODUCTS entries."""
    order = np.lexsort((-newest, customers))
    starts = np.flatnonzero(np.diff(customers[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return order[rank < MOST_PRODUCTS]
