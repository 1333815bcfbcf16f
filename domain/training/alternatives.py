"""Alternatives: products of one category that customers look at together, but do not buy together."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from scipy import sparse

from domain.ranking.category_tree import NO_CATEGORY
from domain.ranking.model import MAX_MODEL_CATEGORIES
from domain.training.co_occurrence import PAIRS_PER_BLOCK, pairs_per_product
from domain.training.interaction_matrix import interaction_matrix
from domain.training.threads import in_threads
from domain.training.top_k import SparseMatrix, blocks
from domain.training.training_data import TrainingData

PRIOR_PAIRS = 5.0
MAX_RATIO = 0.5
"""Alternatives are bought together at most half as often as products of different categories that are looked at together."""


class Alternatives(Struct, frozen=True, kw_only=True):
    """Which products replace each other.

    `categories` (n_products,) number the paths `paths`, -1 for none. `looked_at` and `bought` (customers and categories,
    n_products) mark the products of one category that a customer turned to, and bought. `ratios` (n_paths,) are the numbers
    of pairs that customers bought over those expected from the pairs that they looked at, and `usual` is the share of
    the pairs of different categories.
    """

    paths: list[str]
    categories: npt.NDArray[np.int32]
    looked_at: SparseMatrix
    bought: SparseMatrix
    ratios: npt.NDArray[np.float64]
    usual: float

    @property
    def category_paths(self) -> tuple[str, ...]:
        """The categories whose products replace each other as a rule, those of most evidence."""
        order = np.argsort(self.ratios, kind="stable")[:MAX_MODEL_CATEGORIES]
        return tuple(sorted(self.paths[code] for code in order.tolist() if self.ratios[code] < MAX_RATIO))

    def removed_from(self, matrix: SparseMatrix) -> SparseMatrix:
        """Return a csr matrix (products, products) without the pairs that replace each other.

        For products i and j of one category c, with b(i,j) customers who bought both and v(i,j) who looked at both, they are
        alternatives if `(b + 5 r(c)) / (u v + 5) < 0.5`. r(c), the same ratio over all pairs of the category, is the mean of
        the prior (Gamma-Poisson: DuMouchel 1999), so that a pair that nobody looked at is judged by its category.
        """
        rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        own = self.categories[rows]
        compared = np.flatnonzero((own != NO_CATEGORY) & (own == self.categories[matrix.indices]))
        rows, columns = rows[compared], matrix.indices[compared]
        looked_at, bought = _both(self.looked_at, rows, columns), _both(self.bought, rows, columns)
        prior = PRIOR_PAIRS * self.ratios[own[compared]]
        replaced = (bought + prior) / (self.usual * looked_at + PRIOR_PAIRS) < MAX_RATIO
        amounts = matrix.data.copy()
        amounts[compared[replaced]] = 0.0
        return sparse.csr_array((amounts, matrix.indices, matrix.indptr), shape=matrix.shape)


def learn_alternatives(data: TrainingData) -> Alternatives:
    """Compare, for each category, the pairs that customers bought with those that they looked at.

    `r(c) = (b(c) + 5) / (u v(c) + 5)`, with b and v the pairs of products of the category that customers bought and looked
    at, summed over customers, and u the share of bought ones among all pairs of different categories. Where nobody only
    looks, as in a log of purchases alone, nothing is an alternative.
    """
    codes: dict[str, int] = {}
    categories = np.full(data.n_products, NO_CATEGORY, dtype=np.int32)
    for product in data.products:
        if product.category is not None:
            categories[product.product_index] = codes.setdefault(product.category, len(codes))
    is_bought_only = data.pairs is data.purchase_pairs
    turned_to = (
        data.bought
        if is_bought_only
        else interaction_matrix(data.pairs, np.ones(len(data.log.products)), n_products=data.n_products)
    )
    looked_at, all_looked_at = _by_category(turned_to, categories)
    bought, all_bought = (looked_at, all_looked_at) if is_bought_only else _by_category(data.bought, categories)
    pairs = [_pairs_per_category(matrix, categories, n=len(codes)) for matrix in (looked_at, bought)]
    across = [float(total - within.sum()) for total, within in zip((all_looked_at, all_bought), pairs, strict=True)]
    usual = across[1] / across[0] if across[0] else 0.0
    return Alternatives(
        paths=list(codes),
        categories=categories,
        looked_at=looked_at,
        bought=bought,
        ratios=(pairs[1] + PRIOR_PAIRS) / (usual * pairs[0] + PRIOR_PAIRS),
        usual=usual,
    )


def _by_category(matrix: SparseMatrix, categories: npt.NDArray[np.int32]) -> tuple[SparseMatrix, float]:
    """Return the products of each customer and category as rows, and the number of all pairs of customers' products."""
    sizes = np.diff(matrix.indptr)
    customers = np.repeat(np.arange(matrix.shape[0]), sizes)
    known = categories[matrix.indices] != NO_CATEGORY
    columns = matrix.indices[known]
    keys = customers[known].astype(np.int64) * (int(categories.max(initial=0)) + 1) + categories[columns]
    groups, rows = np.unique(keys, return_inverse=True)
    by_category = sparse.csr_array(
        (np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(groups), matrix.shape[1])
    )
    known_sizes = np.bincount(customers[known], minlength=matrix.shape[0]).astype(np.float64)
    return by_category, float((known_sizes * (known_sizes - 1) / 2).sum())


def _pairs_per_category(by_category: SparseMatrix, categories: npt.NDArray[np.int32], *, n: int) -> npt.NDArray[np.float64]:
    sizes = np.diff(by_category.indptr).astype(np.float64)
    # Rows are never empty.
    first = by_category.indices[by_category.indptr[:-1]]
    # Without any row bincount returns integers.
    return np.bincount(categories[first], weights=sizes * (sizes - 1) / 2, minlength=n).astype(np.float64)


def _both(matrix: SparseMatrix, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Return for each pair of products, ascending by `rows`, how many rows of the matrix have both."""
    by_product = matrix.T.tocsr()

    def count(seeds: slice) -> npt.NDArray[np.float64]:
        first, last = np.searchsorted(rows, [seeds.start, seeds.stop])
        if first == last:
            return np.empty(0)
        together = (by_product[seeds] @ matrix).tocsr()
        return np.asarray(together[rows[first:last] - seeds.start, columns[first:last]], dtype=np.float64).ravel()

    return np.concatenate([np.empty(0), *in_threads(count, blocks(pairs_per_product(matrix), most=PAIRS_PER_BLOCK))])
