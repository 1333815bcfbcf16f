"""The matrix of customers and products that neighbours are learned from."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from domain.training.event_pairs import EventPairs
from domain.training.top_k import SparseMatrix

MAX_PRODUCTS_PER_CUSTOMER = 300
"""Only the newest products of a customer count: cost grows with the square of their number, and the most recent products
predict most (Kersbergen et al., "Serenade", SIGMOD 2022)."""


def interaction_matrix(pairs: EventPairs, weights: npt.NDArray[np.float64], *, n_products: int) -> SparseMatrix:
    """Return the csr matrix (customers, products) of the largest weight of each pair, for each customer's newest products.

    `weights` has one positive entry per event of the log.
    """
    kept = np.flatnonzero(pairs.recency_rank < MAX_PRODUCTS_PER_CUSTOMER)
    n_customers = len(pairs.log.customer_ids)
    sizes = np.bincount(pairs.customers[kept], minlength=n_customers)
    # The largest, not the sum: many views of a product must not outweigh its purchase. Positions of 32 bits halve the
    # memory that products of such matrices read.
    return sparse.csr_array(
        (
            pairs.largest(weights)[kept],
            pairs.products[kept].astype(np.int32),
            np.append(0, np.cumsum(sizes)).astype(np.int32),
        ),
        shape=(n_customers, n_products),
    )


def with_columns(matrix: SparseMatrix, chosen: npt.NDArray[np.bool_]) -> SparseMatrix:
    """Return a csr matrix of the same shape with the entries of the chosen columns (n_columns,) alone."""
    kept = chosen[matrix.indices]
    starts = np.append(np.int32(0), np.cumsum(kept, dtype=np.int32))[matrix.indptr]
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], starts), shape=matrix.shape)


def activity_weights(matrix: SparseMatrix, *, exponent: float) -> npt.NDArray[np.float64]:
    """Return the weight of each customer: the number of their products to the power of `-exponent`."""
    return np.diff(matrix.indptr).clip(min=1).astype(np.float64) ** -exponent
