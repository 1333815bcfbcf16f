"""Small matrices of customers and products, with their Gram matrices as dense arrays."""

import numpy as np
from hypothesis import strategies as st
from scipy import sparse

from domain.training.co_occurrence import Normalisation, co_occurrence

N_PRODUCTS = 6
BASKETS = st.lists(st.sets(st.integers(0, N_PRODUCTS - 1), min_size=1).map(sorted), min_size=1, max_size=12)


def matrix_of(baskets):
    """Return a matrix (customers, products) with 1 for each product of a basket."""
    matrix = np.zeros((len(baskets), N_PRODUCTS))
    for customer, basket in enumerate(baskets):
        matrix[customer, basket] = 1.0
    return sparse.csr_array(matrix)


def customer_weights_of(baskets):
    """Return a different weight for each customer, to notice a product of matrices without them."""
    return 1.0 / (1.0 + np.arange(len(baskets)))


def gram_of(baskets):
    dense = matrix_of(baskets).toarray()
    return dense.T @ np.diag(customer_weights_of(baskets)) @ dense


def co_occurrence_of(baskets, *, n_candidates=N_PRODUCTS):
    return co_occurrence(
        matrix_of(baskets),
        customer_weights_of(baskets),
        Normalisation(seed_exponent=0.3, candidate_exponent=0.6, candidate_factors=np.ones(N_PRODUCTS)),
        n_neighbours=N_PRODUCTS,
        n_candidates=n_candidates,
    )
