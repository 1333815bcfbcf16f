"""From scored candidates to a ranked list: best first, without near-duplicates or one category filling it."""

import heapq
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
    penalties: dict[str | None, float] = {}
    # Penalties only grow, so a candidate whose score is still what it was queued at is the best of all.
    queue = [(-score, products[position].product_index, position) for position, score in enumerate(scores)]
    heapq.heapify(queue)
    chosen: list[tuple[int, float]] = []
    while queue and len(chosen) < k:
        queued, index, position = queue[0]
        product = products[position]
        brand = f"{product.category}\n{product.brand}" if product.brand else ""
        score = scores[position] * penalties.get(product.category, 1.0) * penalties.get(brand, 1.0)
        if score < -queued:
            heapq.heapreplace(queue, (-score, index, position))
            continue
        heapq.heappop(queue)
        chosen.append((position, score))
        penalties[product.category] = penalties.get(product.category, 1.0) * SAME_CATEGORY
        if brand:
            penalties[brand] = penalties.get(brand, 1.0) * SAME_BRAND_IN_CATEGORY
    return chosen
