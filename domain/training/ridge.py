"""Ridge regressions that explain the interest in one product by the interest in others."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from domain.training.co_occurrence import pairs_per_product
from domain.training.gram_table import GramTable
from domain.training.threads import in_threads
from domain.training.top_k import SparseMatrix

MAX_DENSE_PRODUCTS = 4000
"""Up to this many products one inverse (EASE) replaces the regression per product."""

BATCH_CELLS = 300_000
"""The size of a batch's matrices: small enough that their rows stay in the processor's cache."""

MAX_EMPTY_ROWS = 200_000
"""Up to this many rows of a batch, numbering all of them is cheaper than finding those that occur."""

BATCH_ENTRIES = 4_000_000
"""The number of interactions that a batch copies, which bounds its memory."""

MAX_TABLE_PAIRS = 40_000_000
"""Up to this many pairs of interactions of one customer, a table of all co-occurrences is small, and look-ups are fast."""

FEW_CUSTOMERS = 0.75
"""Up to this many customers per candidate, equations of customers are cheaper than those of candidates."""

MAX_MENTIONS = 4
"""Products whose candidates have more interactions each than this are not searched for FEW_CUSTOMERS."""

MIN_EQUATIONS = 16
"""Smaller systems share a batch as if they had this many equations, which bounds the length of a batch."""

_Weights = tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""Positive weights, the products that explain, the products explained."""

_NO_WEIGHTS: _Weights = (np.empty(0), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32))


def slim(
    matrix: SparseMatrix, customer_weights: npt.NDArray[np.float64], candidates: SparseMatrix, *, penalty: float
) -> SparseMatrix:
    """Regress each product on its candidates; return the positive weights as csr rows of the explaining products.

    Minimises `|x_j - X_C w|^2 + penalty |w|^2` over customers weighed by D: `(X_C' D X_C + penalty I) w = X_C' D x_j`
    (SLIM with feature selection: Ning & Karypis, "SLIM: sparse linear methods for top-N recommender systems", 2011). Cost
    is linear in the number of products.

    Where few customers have any of the candidates, w follows from as many equations as there are customers: with
    `A = D^(1/2) X_C` and `b = A' D^(1/2) x_j`, `penalty w = b - A' (A A' + penalty I)^-1 A b` (Woodbury, 1950).
    """
    # With sqrt(D) on the customers, X' X is X' D X.
    by_product = (sparse.diags_array(np.sqrt(customer_weights)) @ matrix).tocsc()
    n_customers = _customers_of_candidates(by_product, candidates)
    n_candidates = np.diff(candidates.indptr)
    is_few = n_customers <= FEW_CUSTOMERS * n_candidates

    grams_of = partial(_grams, by_product)
    if pairs_per_product(matrix).sum() <= MAX_TABLE_PAIRS:
        grams_of = GramTable(by_product).grams

    def regress(batch: npt.NDArray[np.intp]) -> _Weights:
        chosen, right = _padded(candidates, batch)
        if is_few[batch[0]]:
            weights = _solve_for_customers(by_product, chosen, right, penalty=penalty)
        else:
            weights = _solve_for_candidates(grams_of(chosen), right, penalty=penalty)
        # Reasons are positive, so products that lower an interest are left out.
        useful = (chosen >= 0) & (weights > 0)
        return weights[useful], chosen[useful].astype(np.int32), np.repeat(batch.astype(np.int32), useful.sum(axis=1))

    n_entries = _entries_of_candidates(by_product, candidates)
    batches = [
        batch
        for chosen, sizes in ((is_few, n_customers), (~is_few, n_candidates))
        for batch in _batches(np.flatnonzero(chosen & (n_candidates > 0)), sizes=sizes, n_entries=n_entries)
    ]
    values, rows, columns = zip(_NO_WEIGHTS, *in_threads(regress, batches), strict=True)
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


def _customers_of_candidates(by_product: SparseMatrix, together: SparseMatrix) -> npt.NDArray[np.int64]:
    """Return for each product how many customers have any of its candidates, or more than FEW_CUSTOMERS of them."""
    n_customers = _entries_of_candidates(by_product, together)
    # Counting each customer once pays only where it can bring the number down to few.
    counted = np.flatnonzero(n_customers <= MAX_MENTIONS * np.diff(together.indptr))
    candidates = together[counted]
    candidates.data[:] = 1.0
    n_customers[counted] = np.diff((candidates @ by_product.T.tocsr()).indptr)
    return n_customers


def _entries_of_candidates(by_product: SparseMatrix, together: SparseMatrix) -> npt.NDArray[np.int64]:
    """Return the number of interactions with the candidates of each product."""
    copied = np.append(0, np.cumsum(np.diff(by_product.indptr)[together.indices], dtype=np.int64))
    return np.diff(copied[together.indptr])


def _batches(
    products: npt.NDArray[np.intp], *, sizes: npt.NDArray[np.int64], n_entries: npt.NDArray[np.int64]
) -> Iterator[npt.NDArray[np.intp]]:
    """Yield groups of products with about the same number of equations, within BATCH_CELLS and BATCH_ENTRIES.

    Batches amortise the call overhead of numpy; similar sizes keep the padding small. A best-seller is a candidate of
    nearly every product, so the copied interactions need a bound of their own.
    """
    order = products[np.argsort(-sizes[products], kind="stable")]
    first = 0
    while first < len(order):
        most = max(1, BATCH_CELLS // max(int(sizes[order[first]]), MIN_EQUATIONS) ** 2)
        n = max(1, int(np.searchsorted(n_entries[order[first : first + most]].cumsum(), BATCH_ENTRIES, side="right")))
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
    """Return the (m, n, n) co-occurrences among the candidates of m products."""
    m, n = chosen.shape
    values, rows, starts = _copied(by_product, chosen)
    n_rows = m * by_product.shape[0]
    if n_rows > MAX_EMPTY_ROWS:
        # With many customers nearly all rows of a block are empty: only those that occur are numbered.
        present, rows = np.unique(rows, return_inverse=True)
        n_rows = len(present)
    columns = sparse.csc_array((values, rows.astype(np.int32), starts), shape=(n_rows, m * n))
    return _diagonal_blocks(columns.T @ columns.tocsr(), m=m, n=n)


def _solve_for_candidates(
    grams: npt.NDArray[np.float64], right: npt.NDArray[np.float64], *, penalty: float
) -> npt.NDArray[np.float64]:
    """Return the weights (m, n) of the candidates of m products, from one equation per candidate; change `grams`."""
    n = right.shape[1]
    # The penalty also makes the all-zero rows of the padding solvable; their weights come out as 0.
    grams[:, np.arange(n), np.arange(n)] += penalty
    # One stacked call, because hundreds of calls per batch would cost more than the solving.
    return np.asarray(np.linalg.solve(grams, right[:, :, None])[:, :, 0], dtype=np.float64)


def _solve_for_customers(
    by_product: SparseMatrix, chosen: npt.NDArray[np.int64], right: npt.NDArray[np.float64], *, penalty: float
) -> npt.NDArray[np.float64]:
    """Return the same from one equation per customer who has a candidate."""
    m, n = chosen.shape
    values, rows, starts = _copied(by_product, chosen)
    present, rows = np.unique(rows, return_inverse=True)
    block_of_row = present // by_product.shape[0]
    n_own = np.bincount(block_of_row, minlength=m)
    # Every block gets as many rows as the largest one, so that the blocks stack.
    n_rows = int(n_own.max())
    padded = np.arange(len(present)) + (np.arange(m) * n_rows - (np.cumsum(n_own) - n_own))[block_of_row]
    columns = sparse.csc_array((values, padded[rows].astype(np.int32), starts), shape=(m * n_rows, m * n))
    kernels = _diagonal_blocks(columns.tocsr() @ columns.T.tocsr(), m=m, n=n_rows)
    kernels[:, np.arange(n_rows), np.arange(n_rows)] += penalty
    solved = np.linalg.solve(kernels, (columns @ right.ravel()).reshape(m, n_rows, 1))
    return (right - (columns.T @ solved.ravel()).reshape(m, n)) / penalty


def _copied(
    by_product: SparseMatrix, chosen: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the columns of the candidates of m products as one block-diagonal matrix: values, rows, starts of columns.

    Each block has customers of its own, so that one sparse product computes the matrices of a batch.
    """
    n = chosen.shape[1]
    columns = np.maximum(chosen.ravel(), 0)
    sizes = np.where(chosen.ravel() >= 0, np.diff(by_product.indptr)[columns], 0).astype(np.int32)
    ends = np.cumsum(sizes, dtype=np.int32)
    entries = np.arange(ends[-1], dtype=np.int32) + np.repeat(by_product.indptr[columns] - (ends - sizes), sizes)
    blocks = np.repeat(np.arange(chosen.size) // n, sizes)
    return by_product.data[entries], by_product.indices[entries] + blocks * by_product.shape[0], np.append(np.int32(0), ends)


def _diagonal_blocks(product: SparseMatrix, *, m: int, n: int) -> npt.NDArray[np.float64]:
    """Return a block-diagonal csr matrix of m blocks (n, n) as a dense array (m, n, n)."""
    # Row r of the product lies in block r // n; its columns become positions within that block.
    offsets = np.arange(m * n) * n - np.arange(m * n) // n * n
    blocks = np.zeros(m * n * n)
    blocks[np.repeat(offsets, np.diff(product.indptr)) + product.indices] = product.data
    return blocks.reshape(m, n, n)
