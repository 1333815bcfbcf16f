"""From scored candidates to a ranked list: best first, without near-duplicates or one category filling it."""

import heapq
from collections import Counter
from collections.abc import Sequence

from domain.products import Product

SAME_CATEGORY = 0.93
SAME_BRAND_IN_CATEGORY = 0.85


def diversified(products: Sequence[Product], scores: Sequence[float], *, k: int) -> list[tuple[int, float]]:
    """Choose the best `k` greedily; return their positions in `products` with the scores they were chosen at.

    Every product of a category that is already chosen lowers the scores of the others of that category by 7 %, one of the
    same brand as well by another 15 %. Scores never rise from one place to the next, so a shorter list is the beginning of
    a longer one. Ties go to the lower product index.
    """
    categories: Counter[str | None] = Counter()
    brands: Counter[tuple[str | None, str | None]] = Counter()

    def lowered(position: int) -> float:
        product = products[position]
        n_brand = brands[product.category, product.brand] if product.brand else 0
        return scores[position] * SAME_CATEGORY ** categories[product.category] * SAME_BRAND_IN_CATEGORY**n_brand

    # Penalties only grow, so a candidate whose score is still what it was queued at is the best of all.
    queue = [(-score, products[position].product_index, position) for position, score in enumerate(scores)]
    heapq.heapify(queue)
    chosen: list[tuple[int, float]] = []
    while queue and len(chosen) < k:
        queued, index, position = heapq.heappop(queue)
        score = lowered(position)
        if score < -queued:
            heapq.heappush(queue, (-score, index, position))
            continue
        chosen.append((position, score))
        categories[products[position].category] += 1
        brands[products[position].category, products[position].brand] += 1
    return chosen
