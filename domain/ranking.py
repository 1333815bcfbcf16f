"""From scored candidates to a ranked list: best first, without near-duplicates or one category filling it."""

import heapq
from collections import defaultdict
from collections.abc import Sequence

from domain.products import Product

SAME_CATEGORY = 0.93
SAME_BRAND_IN_CATEGORY = 0.85


class _Shelf:
    """The candidates of one category as a heap of (-score, product index, position), with what was chosen from it."""

    def __init__(self, same_category: float, same_brand: float) -> None:
        self.same_category, self.same_brand = same_category, same_brand
        self.queue: list[tuple[float, int, int]] = []
        self.penalty = 1.0
        self.brand_penalties: dict[str, float] = {}

    def take_first(self, products: Sequence[Product], scores: Sequence[float]) -> int:
        """Remove and return the position of the best candidate, and bring the next best to the front."""
        _, _, position = heapq.heappop(self.queue)
        brand = products[position].brand
        self.penalty *= self.same_category
        if brand is not None:
            self.brand_penalties[brand] = self.brand_penalties.get(brand, 1.0) * self.same_brand
        # Penalties only grow, so a candidate whose score is still what it was queued at is the best of all.
        while self.queue:
            queued, index, first = self.queue[0]
            score = scores[first] * self.brand_penalties.get(products[first].brand or "", 1.0)
            if score >= -queued:
                break
            heapq.heapreplace(self.queue, (-score, index, first))
        return position


def diversified(
    products: Sequence[Product], scores: Sequence[float], *, k: int, variety: float = 1.0
) -> list[tuple[int, float]]:
    """Choose the best `k` greedily; return their positions in `products` with the scores they were chosen at.

    Every product of a category that is already chosen lowers the scores of the others of that category by 7 %, one of the
    same brand as well by another 15 %, both to the power of `variety`. Scores never rise from one place to the next, so a
    shorter list is the beginning of a longer one. Ties go to the lower product index.
    """
    same_category, same_brand = SAME_CATEGORY**variety, SAME_BRAND_IN_CATEGORY**variety
    shelves: defaultdict[str | None, _Shelf] = defaultdict(lambda: _Shelf(same_category, same_brand))
    for position, (product, score) in enumerate(zip(products, scores, strict=True)):
        shelves[product.category].queue.append((-score, product.product_index, position))
    heads: list[tuple[float, int, _Shelf]] = []
    for shelf in shelves.values():
        heapq.heapify(shelf.queue)
        heads.append((*shelf.queue[0][:2], shelf))
    heapq.heapify(heads)
    chosen: list[tuple[int, float]] = []
    while heads and len(chosen) < k:
        score, _, shelf = heads[0]
        chosen.append((shelf.take_first(products, scores), -score))
        if shelf.queue:
            best, index, _ = shelf.queue[0]
            heapq.heapreplace(heads, (best * shelf.penalty, index, shelf))
        else:
            heapq.heappop(heads)
    return chosen
