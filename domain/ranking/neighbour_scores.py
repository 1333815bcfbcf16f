"""The part of a score that comes from neighbours of the products in the customer's history."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.contributions import SOURCE_INDEX, Contributions
from domain.ranking.model import NeighbourLists, SourceWeights
from domain.ranking.packing import NEIGHBOUR, unpack
from domain.records.products import Product
from domain.records.recommendations import Source

NEIGHBOUR_SOURCES: tuple[Source, ...] = ("bought_together", "viewed_together", "similar_product")
SCALED_TOGETHER: tuple[tuple[Source, ...], ...] = (("bought_together", "viewed_together"), ("similar_product",))
"""Neighbours bought and viewed together are one trained list in two parts, so they share a scale."""

SEEN_AGAIN_SOURCE: Source = "viewed_together"
"""The source of a product of the history that is its own cause."""


class NeighbourScores(Struct, frozen=True, kw_only=True):
    """Neighbours of the history as parallel arrays, one entry per source, seed and candidate.

    `sources` index SOURCES; `seeds` number the products of the history; `candidates` are product indexes; `amounts` are
    weighted and scaled: the best candidate of a source sums to the source's weight. `groups` gives all entries of one
    candidate the same number, below the length of the arrays.
    """

    sources: npt.NDArray[np.intp]
    seeds: npt.NDArray[np.intp]
    candidates: npt.NDArray[np.intp]
    groups: npt.NDArray[np.intp]
    amounts: npt.NDArray[np.float64]

    def best(self, n: int | None) -> list[int]:
        """Return the `n` candidates with the largest sums, or all of them, best first, ties by product index."""
        totals = np.bincount(self.groups, weights=self.amounts, minlength=len(self.groups))
        scored = np.flatnonzero(totals)
        if n is not None and len(scored) > n:
            # Ties at the edge of a partition stay in and are broken by the sort of the few that remain.
            edge = np.partition(totals[scored], -n)[-n]
            scored = scored[totals[scored] >= edge]
        candidates = self.candidates[scored]
        return candidates[np.lexsort((candidates, -totals[scored]))[:n]].tolist()

    def of(self, products: Sequence[Product]) -> Contributions:
        """Return the contributions to the scores of `products`."""
        indexes = np.array([product.product_index for product in products], dtype=np.intp)
        positions = look_up(self.candidates, keys=indexes, values=np.arange(len(products)))
        known = positions >= 0
        return Contributions(
            positions=positions[known],
            sources=self.sources[known],
            causes=self.seeds[known],
            amounts=self.amounts[known],
        )

    def without(self, products: Iterable[int]) -> "NeighbourScores":
        """Return the scores with those of `products` at 0."""
        own = np.fromiter(products, dtype=np.intp)
        return replace(self, amounts=np.where(np.isin(self.candidates, own), 0.0, self.amounts))

    def with_seen_again(self, seeds: Mapping[int, float], *, weight: float) -> "NeighbourScores":
        """Add each product of the history as a neighbour of itself."""
        if weight == 0:
            return self
        own = np.fromiter(seeds, dtype=np.intp, count=len(seeds))
        candidates = np.append(self.candidates, own)
        return NeighbourScores(
            sources=np.append(self.sources, np.full(len(own), SOURCE_INDEX[SEEN_AGAIN_SOURCE])),
            seeds=np.append(self.seeds, np.arange(len(own))),
            candidates=candidates,
            groups=look_up(candidates, keys=candidates, values=np.arange(len(candidates))),
            amounts=np.append(self.amounts, weight * np.fromiter(seeds.values(), dtype=np.float64, count=len(seeds))),
        )


def neighbour_scores(
    lists: Sequence[NeighbourLists],
    *,
    seeds: Mapping[int, float],
    past: Iterable[int],
    weights: SourceWeights,
) -> NeighbourScores:
    """Weigh the neighbours of all products of the history by their seeds, and scale each source."""
    numbers = {index: number for number, index in enumerate(past)}
    packed = [getattr(entry, source) for source in NEIGHBOUR_SOURCES for entry in lists]
    lengths = np.array([len(one) // NEIGHBOUR.itemsize for one in packed], dtype=np.intp)
    entries = unpack(b"".join(packed))
    n_sources = len(NEIGHBOUR_SOURCES)
    seed_of_list = np.tile(np.array([numbers[entry.product_index] for entry in lists], dtype=np.intp), n_sources)
    weight_of_list = np.tile(np.array([seeds.get(entry.product_index, 0.0) for entry in lists]), n_sources)
    rows = np.repeat(np.repeat(np.arange(n_sources), len(lists)), lengths)
    candidates = entries["product_index"].astype(np.intp)
    groups = look_up(candidates, keys=candidates, values=np.arange(len(candidates)))
    amounts = entries["weight"] * np.repeat(weight_of_list, lengths)
    scales = _scales(rows, groups, amounts, weights=weights)
    return NeighbourScores(
        sources=np.array([SOURCE_INDEX[source] for source in NEIGHBOUR_SOURCES], dtype=np.intp)[rows],
        seeds=np.repeat(seed_of_list, lengths),
        candidates=candidates,
        groups=groups,
        amounts=amounts * scales[rows],
    )


def _scales(
    rows: npt.NDArray[np.intp], groups: npt.NDArray[np.intp], amounts: npt.NDArray[np.float64], *, weights: SourceWeights
) -> npt.NDArray[np.float64]:
    """Return a factor for each of NEIGHBOUR_SOURCES: its weight over the largest sum of a candidate."""
    n_sources, n_groups = len(NEIGHBOUR_SOURCES), len(groups)
    sums = np.bincount(rows * n_groups + groups, weights=amounts, minlength=n_sources * n_groups)
    by_source = dict(zip(NEIGHBOUR_SOURCES, sums.reshape(n_sources, n_groups), strict=True))
    largest = {
        source: np.sum([by_source[one] for one in together], axis=0).max(initial=0.0)
        for together in SCALED_TOGETHER
        for source in together
    }
    return np.array(
        [getattr(weights, source) / largest[source] if largest[source] > 0 else 0.0 for source in NEIGHBOUR_SOURCES]
    )


def look_up(
    wanted: npt.NDArray[np.intp], *, keys: npt.NDArray[np.intp], values: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """Return the value of each of `wanted` (integers from 0) in the mapping from `keys` to `values`, -1 where it has none.

    A table replaces a sort. It is as long as the largest number, but only the touched pages cost time.
    """
    table = np.empty(max(wanted.max(initial=-1), keys.max(initial=-1)) + 1, dtype=np.intp)
    table[wanted] = -1
    table[keys] = values
    return table[wanted]
