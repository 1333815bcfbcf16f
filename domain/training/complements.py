"""Complements: what is bought with a product, learned from orders and, where these say little, from customers."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import sparse

from domain.training.alternatives import Alternatives
from domain.training.co_occurrence import PAIRS_PER_BLOCK, pairs_per_product
from domain.training.event_log import EventLog
from domain.training.interaction_matrix import with_columns
from domain.training.threads import in_threads
from domain.training.top_k import Rows, SparseMatrix, best_first, blocks, largest, stacked, top_k_rows
from domain.training.training_data import TrainingData

N_COMPLEMENTS = 50
N_COMPARED = 75
"""Some of them are alternatives, which are left out."""

MIN_SUPPORT = 2
"""Orders, or customers, that have both products: a single one says nothing."""

MAX_PRODUCTS_PER_ORDER = 100
"""Larger orders are those of resellers: cost grows with the square of their size, and they say little of each pair."""

SEED_EXPONENT = 0.7
CANDIDATE_EXPONENT = 0.4
BASKET_EXPONENT = 0.5
"""Chosen on the train part of The Complete Journey alone (docs/evaluation.md)."""

PRIOR_BASKETS = 20
"""Baskets of other products that the lift assumes beside the real ones: in the first orders of a shop, two products that are
in all of them go together."""

ENOUGH_ORDERS = 5
"""From this many orders of several products on, a product needs no evidence of customers."""


class Baskets(Struct, frozen=True, kw_only=True):
    """What was bought together: `matrix` (n_baskets, n_products) marks the products of each basket.

    `by_product` has the rows of the seeds of its transpose, with `1 + i w`, w the weight of the basket: one product of
    matrices then gives the number of baskets of two products and the sum of their weights. `counts` and `sizes`
    (n_products,) are these of one product.
    """

    matrix: SparseMatrix
    by_product: SparseMatrix
    counts: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]

    def weights(self, seeds: slice, *, shares: npt.NDArray[np.float64]) -> SparseMatrix:
        """Return the weight of each product for each of `seeds`, times the share of the seed, as csr rows.

        With n(i,j) baskets of both products, c(i,j) the sum of their weights, and c(i), c(j) those of one product, it is
        `c(i,j) (1 - e) / (c(i)^0.7 c(j)^0.4)`, where `n (1 - e)` is the lower bound of one standard deviation of a Poisson
        rate with n events (the score interval: Wilson, "Probable inference", 1927). Pairs of fewer than MIN_SUPPORT baskets,
        or with a lower bound below what independence would give among PRIOR_BASKETS more baskets, weigh nothing.
        """
        together = self.by_product[seeds] @ self.matrix
        # Most pairs were bought together once: they are dropped before anything is computed of them.
        supported = np.flatnonzero(together.data.real >= MIN_SUPPORT)
        rows = np.searchsorted(together.indptr, supported, side="right") - 1
        columns, both = together.indices[supported], together.data[supported].real.astype(np.float64)
        weighed, seed_of = together.data[supported].imag.astype(np.float64), rows + seeds.start
        lower = both + 0.5 - np.sqrt(both + 0.25)
        lifted = lower * (self.matrix.shape[0] + PRIOR_BASKETS) > self.counts[seed_of] * self.counts[columns]
        # A share of the sum of all weights: orders and customers then have one scale.
        scale = self.sizes.sum() ** (SEED_EXPONENT + CANDIDATE_EXPONENT - 1.0) if len(rows) else 1.0
        amounts = weighed * lower / both * shares[seed_of] * scale
        amounts *= self.sizes[seed_of] ** -SEED_EXPONENT * self.sizes[columns] ** -CANDIDATE_EXPONENT
        kept = np.flatnonzero(lifted & (columns != seed_of) & (amounts > 0))
        starts = np.searchsorted(rows[kept], np.arange(together.shape[0] + 1))
        return sparse.csr_array((amounts[kept], columns[kept], starts), shape=together.shape)


def learn_complements(data: TrainingData, alternatives: Alternatives) -> SparseMatrix:
    """Return the N_COMPLEMENTS products that complete each product best, as csr rows, best first.

    Orders count; for products with fewer than ENOUGH_ORDERS orders of several products, so do customers, whose baskets are
    all their products, by the share that is missing. Alternatives to a product do not complete it.
    """
    n_products = data.n_products
    orders = baskets_of(order_matrix(data.purchases, n_products=n_products), seeds=np.ones(n_products, dtype=np.bool_))
    from_orders = np.minimum(orders.counts / ENOUGH_ORDERS, 1.0)
    needs_customers = from_orders < 1.0
    customers = baskets_of(data.bought, seeds=needs_customers)
    work = pairs_per_product(orders.matrix) + pairs_per_product(customers.matrix) * needs_customers

    def best_of(seeds: slice) -> Rows:
        weights = orders.weights(seeds, shares=from_orders)
        if needs_customers[seeds].any():
            weights = (weights + customers.weights(seeds, shares=1.0 - from_orders)).tocsr()
        sizes, kept = largest(np.diff(weights.indptr), weights.indices, weights.data, k=N_COMPARED)
        return Rows(sizes, weights.indices[kept], weights.data[kept])

    parts = in_threads(best_of, blocks(work, most=PAIRS_PER_BLOCK))
    found = stacked(parts, n_columns=n_products)
    return best_first(top_k_rows(alternatives.removed_from(found), k=N_COMPLEMENTS))


def order_matrix(purchases: EventLog, *, n_products: int) -> SparseMatrix:
    """Return the csr matrix (orders, products) that marks the products of each order of several ones."""
    _, rows = np.unique(purchases.orders, return_inverse=True)
    matrix = sparse.csr_array(
        (np.ones(len(rows)), (rows.astype(np.int32), purchases.products.astype(np.int32))),
        shape=(int(rows.max(initial=-1)) + 1, n_products),
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    sizes = np.diff(matrix.indptr)
    return matrix[np.flatnonzero((sizes > 1) & (sizes <= MAX_PRODUCTS_PER_ORDER))]


def baskets_of(matrix: SparseMatrix, *, seeds: npt.NDArray[np.bool_]) -> Baskets:
    """Weigh each row by its number of products to the power of -0.5: two products among many say less of each other.

    `seeds` (n_products,) chooses the products that complements are learned for.
    """
    # A product that few have is in no pair that many have; without these products there is less to multiply.
    matrix = with_columns(matrix, np.bincount(matrix.indices, minlength=matrix.shape[1]) >= MIN_SUPPORT)
    sizes = np.diff(matrix.indptr)
    weights = np.repeat(sizes.clip(min=1) ** -BASKET_EXPONENT, sizes)
    shape = matrix.shape
    marks = np.ones(len(weights), dtype=np.complex64)
    weighed = sparse.csr_array(((1 + 1j * weights).astype(np.complex64), matrix.indices, matrix.indptr), shape=shape)
    return Baskets(
        matrix=sparse.csr_array((marks, matrix.indices, matrix.indptr), shape=shape),
        by_product=with_columns(weighed, seeds).T.tocsr(),
        counts=np.bincount(matrix.indices, minlength=shape[1]).astype(np.float64),
        sizes=np.bincount(matrix.indices, weights=weights, minlength=shape[1]).astype(np.float64),
    )
