"""Co-occurrence: how many customers two products have in common."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.training.top_k import SparseMatrix, from_rows, top_k

PRODUCTS_PER_BLOCK = 1000
SHRINKAGE = 0.5


_Row = tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]
"""The columns and values of a row."""


class Normalisation(Struct, frozen=True, kw_only=True):
    """How the sizes of seed and candidate divide a co-occurrence, and a factor (n_products,) for each candidate."""

    seed_exponent: float
    candidate_exponent: float
    candidate_factors: npt.NDArray[np.float64]


class RegressionCandidates(Struct, frozen=True, kw_only=True):
    """The products that a regression may explain each product by, as the rows of a csr matrix of co-occurrences.

    `sizes` (n_products,) is the co-occurrence of each product with itself.
    """

    together: SparseMatrix
    sizes: npt.NDArray[np.float64]


def product_sizes(matrix: SparseMatrix, customer_weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the diagonal of `X' D X`: each product's squared interactions, weighed by customer."""
    # The diagonal alone: the whole product would have an entry per pair of products.
    squares = matrix.copy()
    squares.data **= 2
    return np.asarray(squares.T @ customer_weights, dtype=np.float64)


def co_occurrence(
    matrix: SparseMatrix,
    customer_weights: npt.NDArray[np.float64],
    normalisation: Normalisation,
    *,
    n_neighbours: int,
    n_candidates: int,
) -> tuple[SparseMatrix, RegressionCandidates]:
    """Return the `n_neighbours` products of most weight for each seed, as csr rows, and the candidates of each product.

    The weight of j for i is `f(j) c(i,j) / ((c(i,i) + s)^a (c(j,j) + s)^b)` with `c = X' D X`, D the customer weights,
    s = 0.5 and f the candidate factors (Bell & Koren, "Improved neighborhood-based collaborative filtering", 2007;
    Deshpande & Karypis, "Item-based top-N recommendation algorithms", 2004). Candidates are those of largest cosine.
    """
    sizes = product_sizes(matrix, customer_weights)
    seed_factors = (sizes + SHRINKAGE) ** -normalisation.seed_exponent
    candidate_factors = normalisation.candidate_factors * (sizes + SHRINKAGE) ** -normalisation.candidate_exponent
    cosine_factors = (sizes + SHRINKAGE) ** -0.5
    neighbours: list[_Row] = []
    candidates: list[_Row] = []
    for seed, columns, together in _rows(matrix, customer_weights):
        # The factor of the seed is the same for the whole row, so it cannot change the order.
        weights = together * candidate_factors[columns]
        best = top_k(columns, weights, k=n_neighbours)
        neighbours.append((columns[best], weights[best] * seed_factors[seed]))
        best = top_k(columns, together * cosine_factors[columns], k=n_candidates)
        candidates.append((columns[best], together[best]))
    return _stacked(neighbours), RegressionCandidates(together=_stacked(candidates), sizes=sizes)


def _rows(
    matrix: SparseMatrix, customer_weights: npt.NDArray[np.float64]
) -> Iterator[tuple[int, npt.NDArray[np.int32], npt.NDArray[np.float64]]]:
    """Yield for each product the others that it occurs with, and the co-occurrences.

    Blocks of products bound memory: the whole product `X' D X` would grow with the square of the catalogue.
    """
    by_product = matrix.T.tocsr()
    by_product.data *= customer_weights[by_product.indices]
    for first in range(0, matrix.shape[1], PRODUCTS_PER_BLOCK):
        block = (by_product[first : first + PRODUCTS_PER_BLOCK] @ matrix).tocsr()
        for row in range(block.shape[0]):
            entries = slice(block.indptr[row], block.indptr[row + 1])
            # Every product occurs with itself most; it would take a place among its own neighbours.
            others = block.indices[entries] != first + row
            yield first + row, block.indices[entries][others], block.data[entries][others]


def _stacked(rows: list[_Row]) -> SparseMatrix:
    """Return a square csr matrix of the given rows."""
    columns = np.concatenate([*(columns for columns, _ in rows), np.empty(0, dtype=np.int32)])
    values = np.concatenate([*(values for _, values in rows), np.empty(0)])
    ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
    kept = [np.arange(first, last) for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    return from_rows(kept, columns, values, shape=(len(rows), len(rows)))
