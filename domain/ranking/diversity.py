"""Rerank scored candidates to avoid lists of near-duplicates or of one category."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from domain.records.products import Product

SAME_CATEGORY = 0.93
SAME_BRAND_IN_CATEGORY = 0.85


def rerank(
    products: Sequence[Product], scores: npt.NDArray[np.float64], *, k: int, variety: float = 1.0
) -> list[tuple[int, float]]:
    """Choose the best `k`; return their positions in `products` with their penalised scores.

    Each chosen product lowers the scores of the others of its category by 7 %, and those of its brand in that category by
    another 15 %, both to the power of `variety`. Products without a category share none. Scores fall from rank to rank, so
    a shorter list is a prefix of a longer one. Ties go to the lower product index.
    """
    # The result is that of a greedy loop (maximal marginal relevance), without the loop. Within a brand and category the
    # greedy order is the order of scores, so a product's rank there counts the penalties before it; then the same holds
    # for the penalised scores within a category.
    indexes = np.array([product.product_index for product in products], dtype=np.intp)
    categories = _group_numbers(product.category or product.product_index for product in products)
    # A product without a brand is a brand of its own.
    brands = _group_numbers((product.category, product.brand or product.product_index) for product in products)
    penalised = scores * SAME_BRAND_IN_CATEGORY ** (variety * _ranks_within(brands, scores, indexes))
    penalised = penalised * SAME_CATEGORY ** (variety * _ranks_within(categories, penalised, indexes))
    chosen = np.lexsort((indexes, -penalised))[:k]
    return list(zip(chosen.tolist(), penalised[chosen].tolist(), strict=True))


def _group_numbers(groups: Iterable[Hashable]) -> npt.NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.intp)


def _ranks_within(
    groups: npt.NDArray[np.intp], scores: npt.NDArray[np.float64], indexes: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """Rank each score within its group, from 0 for the highest, ties by index."""
    order = np.lexsort((indexes, -scores, groups))
    sizes = np.bincount(groups)
    ranks = np.empty(len(scores), dtype=np.intp)
    ranks[order] = np.arange(len(scores)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return ranks
