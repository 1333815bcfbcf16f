"""From scored candidates to a ranked list: best first, without near-duplicates or one category filling it."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from domain.records.products import Product

SAME_CATEGORY = 0.93
SAME_BRAND_IN_CATEGORY = 0.85


def rerank(
    products: Sequence[Product], scores: npt.NDArray[np.float64], *, k: int, variety: float = 1.0
) -> list[tuple[int, float]]:
    """Choose the best `k`; return their positions in `products` with the scores they were chosen at.

    Every product of a category that is already chosen lowers the scores of the others of that category by 7 %, one of the
    same brand as well by another 15 %, both to the power of `variety`. Scores never rise from one place to the next, so a
    shorter list is the beginning of a longer one. Ties go to the lower product index.

    It chooses as a greedy loop does, without the loop: products of one brand in a category are chosen in the order of
    their scores, so each knows how many come before it; with that known, the same holds for each category.
    """
    indexes = np.array([product.product_index for product in products], dtype=np.intp)
    categories = _numbered(product.category for product in products)
    # A product without a brand shares it with none.
    brands = _numbered((product.category, product.brand or product.product_index) for product in products)
    lowered = scores * SAME_BRAND_IN_CATEGORY ** (variety * _places(scores, indexes, within=brands))
    lowered = lowered * SAME_CATEGORY ** (variety * _places(lowered, indexes, within=categories))
    chosen = np.lexsort((indexes, -lowered))[:k]
    return list(zip(chosen.tolist(), lowered[chosen].tolist(), strict=True))


def _numbered(groups: Iterable[Hashable]) -> npt.NDArray[np.intp]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.intp)


def _places(
    scores: npt.NDArray[np.float64], indexes: npt.NDArray[np.intp], *, within: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """Rank each score among those of its group, from 0 for the highest, ties by index; `within` numbers the groups."""
    order = np.lexsort((indexes, -scores, within))
    sizes = np.bincount(within)
    places = np.empty(len(scores), dtype=np.intp)
    places[order] = np.arange(len(scores)) - np.repeat(sizes.cumsum() - sizes, sizes)
    return places
