"""The matrix of customers and products that neighbours are learned from."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from domain.training.event_log import EventLog
from domain.training.top_k import SparseMatrix

MAX_PRODUCTS_PER_CUSTOMER = 300
"""Only the newest products of a customer count: cost grows with the square of their number, and the most recent products
predict most (Kersbergen et al., "Serenade", SIGMOD 2022)."""


def interaction_matrix(log: EventLog, weights: npt.NDArray[np.float64], *, n_products: int) -> SparseMatrix:
    """Return the csr matrix (customers, products) of the largest weight of each pair, for each customer's newest products.

    `weights` has one positive entry per event of `log`.
    """
    # Events of one pair become neighbours in this order, the newest last, so reduceat takes the maximum of each run.
    by_pair = np.lexsort((log.occurred_at, log.products, log.customers))
    pairs = (log.customers * n_products + log.products)[by_pair]
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    last = np.append(first, len(pairs))[1:] - 1
    # The largest, not the sum: many views of a product must not outweigh its purchase.
    strongest = np.maximum.reduceat(weights[by_pair], first) if len(first) else np.empty(0)
    newest = log.occurred_at[by_pair][last]
    customer, product = np.divmod(pairs[first], max(n_products, 1))
    kept = np.sort(_newest_of_each(customer, newest))
    return sparse.csr_array(
        (strongest[kept], (customer[kept], product[kept])), shape=(len(log.customer_ids), n_products), dtype=np.float64
    )


def activity_weights(matrix: SparseMatrix, *, exponent: float) -> npt.NDArray[np.float64]:
    """Return the weight of each customer: the number of their products to the power of `-exponent`."""
    return np.diff(matrix.indptr).clip(min=1).astype(np.float64) ** -exponent


def _newest_of_each(customers: npt.NDArray[np.int64], newest: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the positions of each customer's newest MAX_PRODUCTS_PER_CUSTOMER entries."""
    # Sorted by customer, an entry's rank is its offset from the first entry of that customer.
    order = np.lexsort((-newest, customers))
    starts = np.flatnonzero(np.diff(customers[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return order[rank < MAX_PRODUCTS_PER_CUSTOMER]
