"""Co-occurrence: how many customers two products have in common."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.training.threads import in_threads
from domain.training.top_k import Rows, SparseMatrix, blocks, largest, stacked

PAIRS_PER_BLOCK = 2_000_000
"""How many pairs of interactions of one customer a block of products has, which bounds its memory."""

SHRINKAGE = 0.5


class Normalisation(Struct, frozen=True, kw_only=True):
    """How the sizes of seed and candidate divide a co-occurrence, and a factor (n_products,) for each candidate."""

    seed_exponent: float
    candidate_exponent: float
    candidate_factors: npt.NDArray[np.float64]


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
) -> tuple[SparseMatrix, SparseMatrix]:
    """Return the `n_neighbours` products of most weight for each seed, and the candidates of each product, as csr rows.

    The weight of j for i is `f(j) c(i,j) / ((c(i,i) + s)^a (c(j,j) + s)^b)` with `c = X' D X`, D the customer weights,
    s = 0.5 and f the candidate factors (Bell & Koren, "Improved neighborhood-based collaborative filtering", 2007;
    Deshpande & Karypis, "Item-based top-N recommendation algorithms", 2004). Candidates are
    the products that a regression may explain the product by: those of largest cosine, with their co-occurrences.
    """
    sizes = product_sizes(matrix, customer_weights)
    seed_factors = (sizes + SHRINKAGE) ** -normalisation.seed_exponent
    candidate_factors = normalisation.candidate_factors * (sizes + SHRINKAGE) ** -normalisation.candidate_exponent
    cosine_factors = (sizes + SHRINKAGE) ** -0.5
    by_product = matrix.T.tocsr()
    by_product.data *= customer_weights[by_product.indices]

    def best_of(seeds: slice) -> tuple[Rows, Rows]:
        together = by_product[seeds] @ matrix
        n_columns, columns = np.diff(together.indptr), together.indices
        seed_of = np.repeat(np.arange(seeds.start, seeds.stop, dtype=np.int32), n_columns)
        # Every product occurs with itself most; it would take a place among its own neighbours.
        together.data[columns == seed_of] = 0.0
        # The factor of the seed is the same for the whole row, so it cannot change the order.
        weights = together.data * candidate_factors[columns]
        n_best, best = largest(n_columns, columns, weights, k=n_neighbours)
        neighbours = Rows(n_best, columns[best], weights[best] * seed_factors[seed_of[best]])
        n_best, best = largest(n_columns, columns, together.data * cosine_factors[columns], k=n_candidates)
        return neighbours, Rows(n_best, columns[best], together.data[best])

    parts = in_threads(best_of, blocks(pairs_per_product(matrix), most=PAIRS_PER_BLOCK))
    n_products = matrix.shape[1]
    neighbours = stacked([neighbours for neighbours, _ in parts], n_columns=n_products)
    candidates = stacked([candidates for _, candidates in parts], n_columns=n_products)
    return neighbours, candidates


def pairs_per_product(matrix: SparseMatrix) -> npt.NDArray[np.int64]:
    """Return for each product the pairs that its row of `X' X` adds up: the interactions of all its customers."""
    sizes = np.diff(matrix.indptr)
    return np.bincount(matrix.indices, weights=np.repeat(sizes, sizes), minlength=matrix.shape[1]).astype(np.int64)
