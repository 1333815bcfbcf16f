"""Ridge regressions that explain the interest in one product by the interest in others."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from domain.training.co_occurrence import RegressionCandidates
from domain.training.top_k import SparseMatrix

MAX_DENSE_PRODUCTS = 4000
"""Up to this many products one inverse (EASE) replaces the regression per product."""

N_THREADS = 4

BATCH_CELLS = 300_000
"""The size of a batch's Gram matrices: small enough that their rows stay in the processor's cache."""

MAX_EMPTY_ROWS = 200_000
"""Up to this many rows of a batch, numbering all of them is cheaper than finding those that occur."""

BATCH_ENTRIES = 20_000_000
"""The number of interactions that a batch copies, which bounds its memory."""


_Weights = tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[np.intp]]
"""Positive weights, the products that explain, the products explained."""

_NO_WEIGHTS: _Weights = (np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.intp))


def slim(
    matrix: SparseMatrix, customer_weights: npt.NDArray[np.float64], candidates: RegressionCandidates, *, penalty: float
) -> SparseMatrix:
    """Regress each product on its candidates; return the positive weights as csr rows of the explaining products.

    Minimises `|x_j - X_C w|^2 + penalty |w|^2` over customers weighed by D: `(X_C' D X_C + penalty I) w = X_C' D x_j`
    (SLIM with feature selection: Ning & Karypis, "SLIM: sparse linear methods for top-N recommender systems", 2011). Cost
    is linear in the number of products.
    """
    # With sqrt(D) on the customers, X' X is X' D X.
    weighted = sparse.diags_array(np.sqrt(customer_weights)) @ matrix
    by_product = weighted.tocsc()

    def regress(batch: npt.NDArray[np.intp]) -> _Weights:
        chosen, right = _padded(candidates.together, batch)
        grams = _grams(by_product, chosen)
        # The penalty also makes the all-zero rows of the padding solvable; their weights come out as 0.
        grams[:, np.arange(chosen.shape[1]), np.arange(chosen.shape[1])] += penalty
        # One stacked call, because hundreds of calls per batch would cost more than the solving.
        weights = np.linalg.solve(grams, right[:, :, None])[:, :, 0]
        # Reasons are positive, so products that lower an interest are left out.
        useful = (chosen >= 0) & (weights > 0)
        return weights[useful], chosen[useful], np.repeat(batch, useful.sum(axis=1))

    # Numpy and scipy release the interpreter in the products and the solver, and batches do not depend on each other.
    with ThreadPoolExecutor(N_THREADS) as threads:
        batches = threads.map(regress, _batches(candidates.together, column_sizes=np.diff(by_product.indptr)))
        values, rows, columns = zip(_NO_WEIGHTS, *batches, strict=True)
    triples = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(triples, shape=(matrix.shape[1], matrix.shape[1]))


def ease(matrix: SparseMatrix, customer_weights: npt.NDArray[np.float64], *, penalty: float) -> SparseMatrix:
    """Regress each product on all others at once; return the positive weights as csr rows of the explaining products.

    With `P = (X' D X + penalty I)^-1`, the weight of i for j is `-P(i,j) / P(j,j)` (EASE: Steck, "Embarrassingly shallow
    autoencoders for sparse data", WWW 2019). Pairs without a common customer are dropped: no data supports them.
    """
    weighted = sparse.diags_array(customer_weights) @ matrix
    gram = (matrix.T @ weighted).toarray()
    together = gram > 0
    gram[np.diag_indices_from(gram)] += penalty
    # In place, because a matrix of 4,000 x 4,000 takes 128 MB.
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
    weights = np.divide(-inverse, np.diag(inverse), out=inverse)
    np.fill_diagonal(weights, 0.0)
    return sparse.csr_array(np.where(together & (weights > 0), weights, 0.0))


def _batches(together: SparseMatrix, *, column_sizes: npt.NDArray[np.int32]) -> Iterator[npt.NDArray[np.intp]]:
    """Yield groups of products with about the same number of candidates, within BATCH_CELLS and BATCH_ENTRIES.

    Batches amortise the call overhead of numpy; similar sizes keep the padding small. A best-seller is a candidate of
    nearly every product, so the copied interactions need a bound of their own.
    """
    sizes = np.diff(together.indptr)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    copied = np.append(0, np.cumsum(column_sizes[together.indices], dtype=np.int64))
    entries = copied[together.indptr[1:]] - copied[together.indptr[:-1]]
    first = 0
    while first < len(order):
        most = max(1, BATCH_CELLS // int(sizes[order[first]]) ** 2)
        n = max(1, int(np.searchsorted(entries[order[first : first + most]].cumsum(), BATCH_ENTRIES, side="right")))
        yield order[first : first + n]
        first += n


def _padded(together: SparseMatrix, batch: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the candidates (m, n) of m products, padded with -1, and their co-occurrences, padded with 0."""
    starts, sizes = together.indptr[batch], np.diff(together.indptr)[batch]
    places = np.arange(int(sizes.max(initial=0)))
    filled = places < sizes[:, None]
    chosen = np.full(filled.shape, -1, dtype=np.int64)
    common = np.zeros(filled.shape)
    positions = (starts[:, None] + places)[filled]
    chosen[filled], common[filled] = together.indices[positions], together.data[positions]
    return chosen, common


def _grams(by_product: SparseMatrix, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the (m, n, n) co-occurrences among the candidates of m products.

    The columns of all candidates are stacked into one block-diagonal matrix, each block with customers of its own, so
    that one sparse product computes the Gram matrices of the batch.
    """
    m, n = chosen.shape
    columns = chosen.ravel()
    starts = by_product.indptr[np.maximum(columns, 0)]
    sizes = np.where(columns >= 0, np.diff(by_product.indptr)[np.maximum(columns, 0)], 0).astype(np.int32)
    ends = np.cumsum(sizes, dtype=np.int32)
    entries = np.arange(ends[-1], dtype=np.int32) + np.repeat(starts - (ends - sizes), sizes)
    blocks = np.repeat(np.arange(m * n, dtype=np.int32) // n, sizes)
    n_customers = by_product.shape[0]
    if m * n_customers <= MAX_EMPTY_ROWS:
        rows, n_rows = by_product.indices[entries] + blocks * np.int32(n_customers), m * n_customers
    else:
        # With many customers nearly all rows of a block are empty: only those that occur are numbered.
        present, rows = np.unique(by_product.indices[entries] + blocks * np.int64(n_customers), return_inverse=True)
        n_rows = len(present)
    stacked = sparse.csc_array(
        (by_product.data[entries], rows.astype(np.int32, copy=False), np.append(np.int32(0), ends)), shape=(n_rows, m * n)
    )
    product = stacked.T @ stacked.tocsr()
    # Row r of the product lies in block r // n; its columns become positions within that block.
    offsets = np.arange(m * n) * n - np.arange(m * n) // n * n
    grams = np.zeros(m * n * n)
    grams[np.repeat(offsets, np.diff(product.indptr)) + product.indices] = product.data
    return grams.reshape(m, n, n)
