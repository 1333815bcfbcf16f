"""How often products interest the same customers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.training.top_k import from_rows, top_k

PRODUCTS_PER_BLOCK = 1000
SHRINKAGE = 0.5


class Candidates(Struct, frozen=True, kw_only=True):
    """For each product the products that a regression may explain it by, as the rows of a csr matrix of co-occurrences.

    `strengths` (n_products,) is what a product has in common with itself.
    """

    together: Any
    strengths: npt.NDArray[np.float64]


def strengths_of(matrix: Any, customer_weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum each product's squared preferences, weighed by customer: the diagonal of `X' D X`."""
    squares = matrix.copy()
    squares.data **= 2
    return np.asarray(squares.T @ customer_weights, dtype=np.float64)


def co_occurrence(
    matrix: Any,
    customer_weights: npt.NDArray[np.float64],
    *,
    seed_exponent: float,
    candidate_exponent: float,
    momentum: npt.NDArray[np.float64],
    n_neighbours: int,
    n_candidates: int,
) -> tuple[Any, Candidates]:
    """Return the `n_neighbours` products of most weight for each seed, as csr rows, and the candidates of each product.

    The weight of j for i is `m(j) c(i,j) / ((c(i,i) + s)^a (c(j,j) + s)^b)` with `c = X' D X`, D the weights of customers,
    s a little shrinkage and m the `momentum` (n_products,) of products (Bell & Koren, "Improved neighborhood-based
    collaborative filtering", 2007; Deshpande & Karypis, "Item-based top-N recommendation algorithms", 2004). Candidates are
    those of largest cosine. Computed by blocks of products, so memory does not grow with their square.
    """
    strengths = strengths_of(matrix, customer_weights)
    of_seed, of_candidate = (
        (strengths + SHRINKAGE) ** -seed_exponent,
        momentum * (strengths + SHRINKAGE) ** -candidate_exponent,
    )
    of_cosine = (strengths + SHRINKAGE) ** -0.5
    near: list[Any] = []
    candidates: list[Any] = []
    for row, columns, together in _rows(matrix, customer_weights):
        weights = together * of_candidate[columns]
        best = top_k(columns, weights, n=n_neighbours)
        near.append((columns[best], weights[best] * of_seed[row]))
        best = top_k(columns, together * of_cosine[columns], n=n_candidates)
        candidates.append((columns[best], together[best]))
    return _stacked(near, matrix.shape[1]), Candidates(together=_stacked(candidates, matrix.shape[1]), strengths=strengths)


def _rows(
    matrix: Any, customer_weights: npt.NDArray[np.float64]
) -> Iterator[tuple[int, npt.NDArray[np.int32], npt.NDArray[np.float64]]]:
    """Yield of each product the products that it occurs with and how much, itself left out."""
    by_product = matrix.T.tocsr()
    by_product.data *= customer_weights[by_product.indices]
    for first in range(0, matrix.shape[1], PRODUCTS_PER_BLOCK):
        block = (by_product[first : first + PRODUCTS_PER_BLOCK] @ matrix).tocsr()
        for row in range(block.shape[0]):
            entries = slice(block.indptr[row], block.indptr[row + 1])
            others = block.indices[entries] != first + row
            yield first + row, block.indices[entries][others], block.data[entries][others]


def _stacked(rows: list[Any], n_products: int) -> Any:
    """Put rows of columns and values into one csr matrix."""
    columns = np.concatenate([*(columns for columns, _ in rows), np.empty(0, dtype=np.int32)])
    values = np.concatenate([*(values for _, values in rows), np.empty(0)])
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    kept = [np.arange(first, last) for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    return from_rows(kept, columns, values, shape=(n_products, n_products))
