"""What speaks for products in a list about other products, and why."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.category_tree import NO_CATEGORY
from domain.ranking.content_similarity import MIN_SIMILARITY, features, similarity
from domain.ranking.contributions import FILL_SHARE, NO_CAUSE, SOURCE_INDEX
from domain.ranking.freshness import freshness
from domain.ranking.indexes import NO_PRODUCTS, Indexes, positions_in
from domain.ranking.neighbour_scores import NEIGHBOUR_SOURCES
from domain.ranking.neighbour_table import N_LISTS
from domain.ranking.packing import unpack
from domain.ranking.related_inputs import RelatedInputs
from domain.records.product_lists import ListStrategy
from domain.records.recommendations import Source

CONTENT_SHARE = 0.5
"""What equal data of the catalogue count beside the product that customers look at together most."""
BOUGHT_SHARE = 0.1
"""What neighbours that customers bought as well count as alternatives: who bought both needed both."""
SAME_CATEGORY_SHARE = 0.1
"""In a list of what completes a product, popular products of its own category come late."""

LEARNED, CONTENT, POPULAR, NEW, NOTHING = range(5)
STRATEGIES: tuple[ListStrategy, ...] = ("learned", "content", "popular", "catalogue", "empty")
"""In the order of the numbers above: a list rests on the lowest one that any of its products has."""


class Evidence(Struct, frozen=True, kw_only=True):
    """Contributions as parallel arrays: `causes` are product indexes or NO_CAUSE, `strategies` number what they rest on."""

    products: Indexes
    amounts: npt.NDArray[np.float64]
    sources: Indexes
    causes: Indexes
    strategies: Indexes

    def take(self, chosen: npt.NDArray[np.intp]) -> "Evidence":
        return Evidence(
            products=self.products[chosen],
            amounts=self.amounts[chosen],
            sources=self.sources[chosen],
            causes=self.causes[chosen],
            strategies=self.strategies[chosen],
        )

    def of(self, products: Indexes) -> "Evidence":
        """Return what speaks for `products`, which are ascending."""
        return self.take(np.flatnonzero(positions_in(products, self.products) >= 0))

    def totals(self, products: Indexes) -> npt.NDArray[np.float64]:
        """Return the sum for each of `products`, which are ascending."""
        places = positions_in(products, self.products)
        kept = places >= 0
        return np.bincount(places[kept], weights=self.amounts[kept], minlength=len(products)).astype(np.float64)


def joined(*parts: Evidence) -> Evidence:
    """Return all evidence in one struct, in the order given."""
    return Evidence(
        products=np.concatenate([part.products for part in parts]),
        amounts=np.concatenate([part.amounts for part in parts]),
        sources=np.concatenate([part.sources for part in parts]),
        causes=np.concatenate([part.causes for part in parts]),
        strategies=np.concatenate([part.strategies for part in parts]),
    )


def evidence_of(inputs: RelatedInputs) -> Evidence:
    """Collect what training learned about the seeds."""
    return _similar(inputs) if inputs.kind == "similar" else _completing(inputs)


def _completing(inputs: RelatedInputs) -> Evidence:
    """Add up the complements of the seeds; of a stand-in they count by its weight."""
    weights = [(index, 1.0, LEARNED) for index in inputs.seeds.tolist()]
    weights += [(index, weight, CONTENT) for index, weight in inputs.stand_ins]
    parts = [
        (unpack(packed), index, weight, strategy)
        for index, weight, strategy in weights
        if (packed := inputs.complements.get(index))
    ]
    sizes = np.array([len(entries) for entries, *_ in parts], dtype=np.intp)
    evidence = Evidence(
        products=np.concatenate([NO_PRODUCTS, *(entries["product_index"].astype(np.intp) for entries, *_ in parts)]),
        amounts=np.concatenate([np.empty(0), *(entries["weight"] * weight for entries, _, weight, _ in parts)]),
        sources=np.full(sizes.sum(), SOURCE_INDEX["bought_together"]),
        causes=np.repeat(np.array([index for _, index, _, _ in parts], dtype=np.intp), sizes),
        strategies=np.repeat(np.array([strategy for *_, strategy in parts], dtype=np.intp), sizes),
    )
    # What a stand-in is bought with may be what the seed itself is: an alternative to it.
    return evidence.take(np.flatnonzero((evidence.strategies == LEARNED) | ~np.isin(evidence.products, inputs.alike)))


def _similar(inputs: RelatedInputs) -> Evidence:
    """Add up what customers look at together and what the catalogue says.

    Of the products that some customer bought as well, only those of the seed's category replace it, without its complements.
    """
    entries = inputs.neighbours.of(inputs.seeds)
    lists = np.repeat(np.arange(N_LISTS), entries.sizes)
    codes, seed = inputs.catalogue.category_codes, int(inputs.seeds[0])
    is_learned = lists < N_LISTS - 1
    completing = unpack(inputs.complements.get(seed, b""))["product_index"]
    replacing = (codes[entries.products] == codes[seed]) & ~np.isin(entries.products, completing)
    kept = np.flatnonzero((lists > 0) | replacing | ((codes[seed] == NO_CATEGORY) & is_learned))
    amounts = entries.weights[kept].astype(np.float64) * np.array([BOUGHT_SHARE, 1.0, CONTENT_SHARE])[lists[kept]]
    # Of what was learned, the best has 1.
    amounts[is_learned[kept]] /= float(amounts[is_learned[kept]].max(initial=0.0)) or 1.0
    return Evidence(
        products=entries.products[kept],
        amounts=amounts,
        sources=np.array([SOURCE_INDEX[source] for source in NEIGHBOUR_SOURCES])[lists[kept]],
        causes=np.full(len(kept), seed),
        strategies=np.where(is_learned[kept], LEARNED, CONTENT),
    )


def compared(inputs: RelatedInputs, products: Indexes) -> Evidence:
    """Compare by content what training did not: a seed without a list, and products newer than the model."""
    seed = inputs.seeds[:1]
    if inputs.neighbours.has_similar(seed)[0]:
        products = products[products > inputs.model.newest_product_index]
    if not len(products):
        return _alike(products, np.empty(0), "similar_product", CONTENT, cause=int(seed[0]))
    words = inputs.model.words
    one, other = (
        features([inputs.catalogue.product(index) for index in indexes.tolist()], words) for indexes in (seed, products)
    )
    amounts = similarity(one, other)[0]
    kept = np.flatnonzero(amounts >= MIN_SIMILARITY)
    return _alike(
        products[kept], CONTENT_SHARE * amounts[kept].astype(np.float64), "similar_product", CONTENT, cause=int(seed[0])
    )


def popular(inputs: RelatedInputs, products: Indexes, totals: npt.NDArray[np.float64]) -> Evidence:
    """Fill with what is popular in the categories of the seeds, then in the shop, below all that has other evidence.

    `products` are ascending, with their `totals`.
    """
    amounts = np.zeros(len(products))
    for place, trend in enumerate(inputs.trends):
        # Each trend counts half as much as a closer one.
        amounts = np.maximum(amounts, 0.5**place * trend.of(products) / (trend.largest or 1.0))
    if inputs.kind == "bought-together":
        amounts *= _of_other_categories(inputs, products)
    return _fill(products, amounts, totals, "popular", POPULAR)


def newest(inputs: RelatedInputs, products: Indexes, totals: npt.NDArray[np.float64], *, now: datetime) -> Evidence:
    """Fill with new products, below all that has other evidence: 1 / (1 + age / 30 days)."""
    amounts = freshness(products, inputs.catalogue, now=now)
    if inputs.kind == "bought-together":
        amounts *= _of_other_categories(inputs, products)
    return _fill(products, amounts, totals, "new", NEW)


def _of_other_categories(inputs: RelatedInputs, products: Indexes) -> npt.NDArray[np.float64]:
    """Return 1 for products of other categories than the seeds; 0.1, or 0 for alternatives, for the same."""
    tree, codes = inputs.catalogue.categories, inputs.catalogue.category_codes
    own = np.unique(codes[inputs.seeds])
    own = own[own != NO_CATEGORY]
    alternatives = set(inputs.model.alternatives)
    replaced = [code for code in own.tolist() if tree.paths[code] in alternatives]
    shares = np.where(np.isin(codes[products], own), SAME_CATEGORY_SHARE, 1.0)
    shares[np.isin(codes[products], replaced) | np.isin(products, inputs.alike)] = 0.0
    return shares


def _fill(
    products: Indexes,
    amounts: npt.NDArray[np.float64],
    totals: npt.NDArray[np.float64],
    source: Source,
    strategy: int,
) -> Evidence:
    """Return evidence for the products without any, in (0, 0.9 m] with m the least of those that have some."""
    least = float(totals[totals > 0].min(initial=1.0))
    kept = np.flatnonzero((totals == 0) & (amounts > 0))
    largest = float(amounts[kept].max(initial=0.0)) or 1.0
    return _alike(products[kept], amounts[kept] * (FILL_SHARE * least / largest), source, strategy, cause=NO_CAUSE)


def _alike(products: Indexes, amounts: npt.NDArray[np.float64], source: Source, strategy: int, *, cause: int) -> Evidence:
    """Return evidence of one source and cause."""
    n = len(products)
    return Evidence(
        products=products,
        amounts=amounts,
        sources=np.full(n, SOURCE_INDEX[source]),
        causes=np.full(n, cause),
        strategies=np.full(n, strategy),
    )
