"""Which products explain an interest in another: a ridge regression per product over its best candidates."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, sparse

from domain.training.co_occurrence import Candidates

MAX_DENSE_PRODUCTS = 4000
"""Up to so many products, all of them explain each: one inverse instead of a regression per product."""

BATCH_CELLS = 100_000
"""So few that the rows of a batch, one per product and customer, stay in a processor's cache while they are counted."""

BATCH_ENTRIES = 20_000_000


def slim(
    matrix: Any,
    customer_weights: npt.NDArray[np.float64],
    candidates: Candidates,
    *,
    penalty: float,
    products: Sequence[int] | npt.NDArray[np.intp] | None = None,
) -> Any:
    """Regress each product on its candidates; return the positive weights as csr rows of the products that explain.

    Minimises `|x_j - X_C w|^2 + penalty |w|^2` over customers weighed by D: `(X_C' D X_C + penalty I) w = X_C' D x_j`
    (SLIM with feature selection: Ning & Karypis, "SLIM: sparse linear methods for top-N recommender systems", 2011). Any
    `products` can be done alone, and cost is linear in their number.
    """
    wanted = np.arange(matrix.shape[1]) if products is None else np.asarray(products)
    weighted = sparse.diags_array(np.sqrt(customer_weights)) @ matrix
    by_product = weighted.tocsc()
    rows: list[npt.NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    columns: list[npt.NDArray[np.intp]] = [np.empty(0, dtype=np.intp)]
    values: list[npt.NDArray[Any]] = [np.empty(0)]
    for batch in _batches(candidates.together, wanted, column_sizes=np.diff(by_product.indptr)):
        chosen, right = _padded(candidates.together, batch)
        grams = _grams(by_product, chosen)
        grams[:, np.arange(chosen.shape[1]), np.arange(chosen.shape[1])] += penalty
        weights = np.linalg.solve(grams, right[:, :, None])[:, :, 0]
        useful = (chosen >= 0) & (weights > 0)
        rows.append(chosen[useful])
        columns.append(np.repeat(batch, useful.sum(axis=1)))
        values.append(weights[useful])
    triples = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array(triples, shape=(matrix.shape[1], matrix.shape[1]))


def ease(matrix: Any, customer_weights: npt.NDArray[np.float64], *, penalty: float) -> Any:
    """Regress each product on all others at once; return the positive weights as csr rows of the products that explain.

    With `P = (X' D X + penalty I)^-1`, the weight of i for j is `-P(i,j) / P(j,j)` (EASE: Steck, "Embarrassingly shallow
    autoencoders for sparse data", WWW 2019). Pairs that no customer has in common are left out: there is no inputs.
    """
    weighted = sparse.diags_array(customer_weights) @ matrix
    gram = (matrix.T @ weighted).toarray()
    together = gram > 0
    gram[np.diag_indices_from(gram)] += penalty
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
    weights = np.divide(-inverse, np.diag(inverse), out=inverse)
    np.fill_diagonal(weights, 0.0)
    return sparse.csr_array(np.where(together & (weights > 0), weights, 0.0))


def _batches(
    together: Any, products: npt.NDArray[np.intp], *, column_sizes: npt.NDArray[np.int32]
) -> Iterator[npt.NDArray[np.intp]]:
    """Group products with about the same number of candidates.

    As many as their matrices fit into BATCH_CELLS and the preferences for their candidates into BATCH_ENTRIES: what
    everyone bought is a candidate of nearly all.
    """
    sizes = np.diff(together.indptr)[products]
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    read = np.append(0, np.cumsum(column_sizes[together.indices], dtype=np.int64))
    entries = (read[together.indptr[1:]] - read[together.indptr[:-1]])[products]
    first = 0
    while first < len(order):
        most = max(1, BATCH_CELLS // int(sizes[order[first]]) ** 2)
        n = max(1, int(np.searchsorted(entries[order[first : first + most]].cumsum(), BATCH_ENTRIES, side="right")))
        yield products[order[first : first + n]]
        first += n


def _padded(together: Any, batch: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Give the candidates (m, n) of m products, -1 beyond their end, and what they have in common, 0 there."""
    starts, sizes = together.indptr[batch], np.diff(together.indptr)[batch]
    places = np.arange(int(sizes.max(initial=0)))
    filled = places < sizes[:, None]
    chosen = np.full(filled.shape, -1, dtype=np.int64)
    common = np.zeros(filled.shape)
    positions = (starts[:, None] + places)[filled]
    chosen[filled], common[filled] = together.indices[positions], together.data[positions]
    return chosen, common


def _grams(by_product: Any, chosen: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Compute the (m, n, n) co-occurrences among the candidates of m products, as one block-diagonal product."""
    m, n = chosen.shape
    columns = chosen.ravel()
    starts = by_product.indptr[np.maximum(columns, 0)].astype(np.int64)
    sizes = np.where(columns >= 0, np.diff(by_product.indptr)[np.maximum(columns, 0)], 0).astype(np.int64)
    ends = np.cumsum(sizes)
    entries = np.arange(ends[-1]) + np.repeat(starts - (ends - sizes), sizes)
    block = np.repeat(np.arange(m * n) // n, sizes)
    customers = by_product.indices[entries] + block * by_product.shape[0]
    stacked = sparse.csc_array(
        (by_product.data[entries], customers, np.append(0, ends)), shape=(m * by_product.shape[0], m * n)
    )
    product = stacked.T @ stacked.tocsr()
    before = np.arange(m * n) * n - np.arange(m * n) // n * n
    grams = np.zeros(m * n * n)
    grams[np.repeat(before, np.diff(product.indptr)) + product.indices] = product.data
    return grams.reshape(m, n, n)
