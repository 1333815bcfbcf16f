"""Neighbours from a matrix factorisation: products of the same tastes, also those that no customer has both of."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import linalg, sparse

from domain.training.threads import in_threads
from domain.training.top_k import Rows, SparseMatrix, blocks, largest, stacked

N_FACTORS = 32
N_SWEEPS = 6
MAX_PRODUCTS = 15_000
"""The products with most customers have factors: each pair of them has a similarity, of which the largest are kept."""
MAX_CUSTOMERS = 100_000
"""Tastes of more customers would take longer, and hardly change the factors of products."""
SEED = 0
BATCH_CELLS = 4_000_000
"""The number of factors that a batch copies, which bounds its memory."""

_Floats = npt.NDArray[np.float64]


class Regularisation(Struct, frozen=True, kw_only=True):
    """The weight of a pair without events, where the mean of the others is 1, and the penalty of factors per weight."""

    unobserved: float
    penalty: float


def factor_neighbours(matrix: SparseMatrix, regularisation: Regularisation, *, n_neighbours: int) -> SparseMatrix:
    """Return the `n_neighbours` products of most weight for each seed, as csr rows.

    iALS finds factors `u` of customers and `v` of products that minimise `sum c (1 - u'v)^2` over pairs with events, whose
    interactions are the weights c, plus `a sum (u'v)^2` over all pairs and a penalty in proportion to what a customer or
    product has (Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008; Rendle et al.,
    "Revisiting the performance of iALS on item recommendation benchmarks", RecSys 2022). The weight of j for i is
    `v_i' (a V'V + penalty I)^-1 v_j`: what a customer's event with i adds to the score of j, as in section 5 of the former,
    without the customer's other events in the inverse, so that it is the same for all customers.
    """
    chosen = _most_common(matrix)
    if not len(chosen):
        return sparse.csr_array(matrix.shape[1:] * 2)
    interactions = _sampled(matrix[:, chosen])
    interactions.data /= interactions.data.mean()
    factors, penalty = _factorise(interactions, regularisation)
    weights = _similarities(factors, regularisation.unobserved, penalty, n_neighbours=n_neighbours)
    sizes = np.zeros(matrix.shape[1], dtype=np.int64)
    sizes[chosen] = np.diff(weights.indptr)
    starts = np.append(0, np.cumsum(sizes)).astype(np.int32)
    return sparse.csr_array((weights.data, chosen[weights.indices], starts), shape=(matrix.shape[1],) * 2)


def _most_common(matrix: SparseMatrix) -> npt.NDArray[np.int32]:
    """Return the products of at least two customers, ascending: those with most customers, of equals the lower index."""
    n_customers = np.bincount(matrix.indices, minlength=matrix.shape[1])
    first = np.argsort(-n_customers, kind="stable")[:MAX_PRODUCTS]
    return np.sort(first[n_customers[first] > 1]).astype(np.int32)


def _sampled(matrix: SparseMatrix) -> SparseMatrix:
    """Return the rows of customers with an event, a random part of them where there are too many."""
    rows = np.flatnonzero(np.diff(matrix.indptr))
    if len(rows) > MAX_CUSTOMERS:
        rows = np.sort(np.random.default_rng(SEED).choice(rows, size=MAX_CUSTOMERS, replace=False))
    return matrix[rows]


def _factorise(by_customer: SparseMatrix, regularisation: Regularisation) -> tuple[_Floats, float]:
    """Return the factors of products (n_products, n_factors), and the penalty of a usual customer."""
    n_customers, n_products = by_customer.shape
    by_product = by_customer.T.tocsr()
    unobserved, penalty = regularisation.unobserved, regularisation.penalty
    of_customers = penalty * (np.diff(by_customer.indptr) + unobserved * n_products)
    of_products = penalty * (np.diff(by_product.indptr) + unobserved * n_customers)
    n_factors = min(N_FACTORS, n_products)
    factors = np.random.default_rng(SEED).normal(0.0, 0.1 / np.sqrt(n_factors), (n_products, n_factors))
    for _ in range(N_SWEEPS):
        tastes = _solved(by_customer, factors, of_customers, unobserved=unobserved)
        factors = _solved(by_product, tastes, of_products, unobserved=unobserved)
    return factors, float(np.median(of_customers))


def _solved(rows: SparseMatrix, factors: _Floats, penalties: _Floats, *, unobserved: float) -> _Floats:
    """Return the factors of rows that fit those of the columns best: `(F' C F + a F'F + penalty I)^-1 F' c` for each row."""
    n_factors = factors.shape[1]
    everything = unobserved * (factors.T @ factors)
    diagonal = np.arange(n_factors)

    def solve(batch: npt.NDArray[np.intp]) -> _Floats:
        starts, sizes = rows.indptr[batch], np.diff(rows.indptr)[batch]
        places = np.arange(int(sizes.max()))
        filled = places < sizes[:, None]
        entries = np.where(filled, starts[:, None] + places, 0)
        own = factors[rows.indices[entries]]
        weighted = own * np.where(filled, rows.data[entries], 0.0)[:, :, None]
        systems = own.transpose(0, 2, 1) @ weighted + everything
        systems[:, diagonal, diagonal] += penalties[batch, None]
        return np.linalg.solve(systems, weighted.sum(axis=1)[:, :, None])[:, :, 0]

    batches = list(_batches(np.diff(rows.indptr), n_factors=n_factors))
    solved = np.empty((rows.shape[0], n_factors))
    for batch, found in zip(batches, in_threads(solve, batches), strict=True):
        solved[batch] = found
    return solved


def _batches(sizes: npt.NDArray[np.int32], *, n_factors: int) -> Iterator[npt.NDArray[np.intp]]:
    """Yield rows of about the same size, largest first, so that the padding is small."""
    order = np.argsort(-sizes, kind="stable")
    first = 0
    while first < len(order):
        n = max(1, BATCH_CELLS // (n_factors * max(int(sizes[order[first]]), n_factors)))
        yield order[first : first + n]
        first += n


def _similarities(factors: _Floats, unobserved: float, penalty: float, *, n_neighbours: int) -> SparseMatrix:
    n_products, n_factors = factors.shape
    system = unobserved * (factors.T @ factors) + penalty * np.eye(n_factors)
    solved = linalg.solve(system, factors.T, assume_a="pos")
    columns = np.arange(n_products, dtype=np.int32)

    def best_of(seeds: slice) -> Rows:
        weights = factors[seeds] @ solved
        n_seeds = len(weights)
        weights[np.arange(n_seeds), np.arange(seeds.start, seeds.stop)] = 0.0
        values, every = weights.ravel(), np.tile(columns, n_seeds)
        sizes, best = largest(np.full(n_seeds, n_products), every, values, k=n_neighbours)
        return Rows(sizes, every[best], values[best])

    work = np.full(n_products, n_products)
    return stacked(in_threads(best_of, blocks(work, most=BATCH_CELLS)), n_columns=n_products)
