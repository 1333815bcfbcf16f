"""Rerank scored candidates to avoid lists of near-duplicates or of one category."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.catalogue import Catalogue
from domain.ranking.indexes import Indexes, ranks_within

SAME_CATEGORY = 0.93
SAME_BRAND_IN_CATEGORY = 0.85
SAME_MODEL_OF_BRAND = 0.15
MIN_CONSIDERED = 400


class Groups(Struct, frozen=True, kw_only=True):
    """The numbered groups of products (n,) whose repeats are penalised: models within brands within categories."""

    categories: Indexes
    brands: Indexes
    models: Indexes

    def take(self, positions: Indexes) -> "Groups":
        return Groups(categories=self.categories[positions], brands=self.brands[positions], models=self.models[positions])


def groups_of(catalogue: Catalogue, products: Indexes) -> Groups:
    """Return the groups of `products`. Products without a category share none."""
    codes = catalogue.category_codes[products].astype(np.intp)
    return Groups(
        categories=np.where(codes < 0, -1 - products, codes),
        brands=catalogue.brand_codes[products].astype(np.intp),
        models=catalogue.model_codes(products).astype(np.intp),
    )


def best_variants(scores: npt.NDArray[np.float64], catalogue: Catalogue, products: Indexes) -> Indexes:
    """Return the positions of the best product of each group of variants, ties to the lower index."""
    if not catalogue.has_variants:
        return np.arange(len(products))
    return np.flatnonzero(ranks_within(catalogue.group_codes[products].astype(np.intp), scores) == 0)


def rerank(
    scores: npt.NDArray[np.float64], groups: Groups, *, k: int, variety: float = 1.0
) -> tuple[Indexes, npt.NDArray[np.float64]]:
    """Return the positions of at least the best `k` products, best first, and their penalised scores.

    Each chosen product lowers the scores of the others of its category by 7 %, those of its brand in that category by
    another 15 %, and those of the same model of that brand, which differ in colour or size, by another 85 %, all to the
    power of `variety`. Scores fall from rank to rank, so a shorter list is a prefix of a longer one. Products are ascending
    by product index, and ties go to the lower one.
    """
    n_considered = max(2 * k, MIN_CONSIDERED)
    while True:
        # A penalty never raises a score, and only a product of a higher score causes one: below the edge nothing matters
        # as long as the last of the best k is above it.
        considered, edge = _best_of(scores, n_considered)
        penalised = _penalised(scores[considered], groups.take(considered), variety=variety)
        order = np.argsort(-penalised, kind="stable")
        if len(considered) == len(scores):
            return considered[order], penalised[order]
        if penalised[order[k - 1]] > edge:
            order = order[penalised[order] > edge]
            return considered[order], penalised[order]
        n_considered *= 4


def _best_of(scores: npt.NDArray[np.float64], n: int) -> tuple[Indexes, float]:
    """Return the positions of the best `n` scores with all ties, and the lowest of them, -inf where there are no more."""
    if len(scores) <= n:
        return np.arange(len(scores)), -np.inf
    edge = np.partition(scores, -n)[-n]
    return np.flatnonzero(scores >= edge), float(edge)


def _penalised(scores: npt.NDArray[np.float64], groups: Groups, *, variety: float) -> npt.NDArray[np.float64]:
    # The result is that of a greedy loop (maximal marginal relevance), without the loop. Within a model the greedy order is
    # the order of scores, so a product's rank there counts the penalties before it; then the same holds for the penalised
    # scores within a brand, and then within a category.
    penalised = scores
    for penalty, numbers in (
        (SAME_MODEL_OF_BRAND, groups.models),
        (SAME_BRAND_IN_CATEGORY, groups.brands),
        (SAME_CATEGORY, groups.categories),
    ):
        # Often each product is the only one of its model, which a set tells in a fifth of the time of a sort.
        if numbers is not groups.models or len(set(numbers.tolist())) < len(numbers):
            penalised = penalised * penalty ** (variety * ranks_within(numbers, penalised))
    return penalised
