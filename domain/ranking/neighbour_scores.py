"""The part of a score that comes from neighbours of the products in the customer's history."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.contributions import SOURCE_INDEX, Contributions
from domain.ranking.indexes import Indexes
from domain.ranking.model import NeighbourLists, SourceWeights
from domain.ranking.packing import NEIGHBOUR, unpack
from domain.records.recommendations import Source

NEIGHBOUR_SOURCES: tuple[Source, ...] = ("bought_together", "viewed_together", "similar_product")
SCALED_TOGETHER: tuple[tuple[int, ...], ...] = ((0, 1), (2,))
"""Neighbours bought and viewed together are one trained list in two parts, so they share a scale."""


class Candidates(Struct, frozen=True, kw_only=True):
    """The products that occur among neighbours, numbered from 0.

    `products` (m,) and `number_of` are a sparse set (Briggs & Torczon 1993): of a product index p, `number_of[p]` is its
    position in `products` if that holds p, and without meaning if not.
    """

    products: npt.NDArray[np.int32]
    number_of: npt.NDArray[np.int32]

    def numbers(self, products: Indexes) -> Indexes:
        """Return the number of each product, -1 for those that are no candidates."""
        if not len(self.products):
            return np.full(len(products), -1)
        numbers = self.number_of[np.minimum(products, len(self.number_of) - 1)].astype(np.intp)
        inside = numbers.clip(0, len(self.products) - 1)
        return np.where(self.products[inside] == products, inside, -1)


class NeighbourScores(Struct, frozen=True, kw_only=True):
    """Neighbours of the history: arrays (n,) with one entry per source, seed and candidate, ordered by source.

    `numbers` are those of `candidates`; `amounts` are weighted by the seeds. `ends` are the ends of the list of each source
    and seed. The unscaled `sums` (m,) of a source, None for one without entries, times its factor of `scales` are the
    scores: those of the best candidate of a source make the source's weight.
    """

    numbers: Indexes
    amounts: npt.NDArray[np.float64]
    ends: Indexes
    candidates: Candidates
    sums: list[npt.NDArray[np.float64] | None]
    scales: list[float]

    def best(self, n: int | None, *, without: Indexes) -> Indexes:
        """Return the `n` candidates with the largest scores, or all of them, ties by index; leave out `without`."""
        totals = self._totals()
        numbers = self.candidates.numbers(without)
        totals[numbers[numbers >= 0]] = 0.0
        scored = np.flatnonzero(totals > 0)
        return _best(self.candidates.products[scored].astype(np.intp), totals[scored], n)

    def best_of(self, products: Indexes, n: int | None) -> Indexes:
        """Return the `n` of `products` with the largest scores, or all with any, ties by index."""
        totals = self.of(products).sum(axis=0)
        scored = np.flatnonzero(totals > 0)
        return _best(products[scored], totals[scored], n)

    def of(self, products: Indexes) -> npt.NDArray[np.float64]:
        """Return the scores of `products` by source (3, len(products)), 0 for those that are no candidates."""
        scores = np.zeros((len(self.sums), len(products)))
        numbers = self.candidates.numbers(products)
        known = np.flatnonzero(numbers >= 0)
        for row, (sums, scale) in enumerate(zip(self.sums, self.scales, strict=True)):
            if sums is not None:
                scores[row, known] = sums[numbers[known]] * scale
        return scores

    def contributions_to(self, products: Indexes) -> Contributions:
        """Return the entries of `products`; their `causes` are positions in the products of the history."""
        # The last place takes the products that are no candidates.
        position_of = np.full(len(self.candidates.products) + 1, -1, dtype=np.int16)
        position_of[self.candidates.numbers(products)] = np.arange(len(products))
        positions = position_of[self.numbers]
        found = np.flatnonzero(positions >= 0)
        n_seeds = len(self.ends) // len(self.sums)
        lists = self.ends.searchsorted(found, side="right")
        rows = lists // max(n_seeds, 1)
        return Contributions(
            positions=positions[found].astype(np.intp),
            sources=np.array([SOURCE_INDEX[source] for source in NEIGHBOUR_SOURCES], dtype=np.intp)[rows],
            causes=lists % max(n_seeds, 1),
            amounts=self.amounts[found] * np.array(self.scales)[rows],
        )

    def _totals(self) -> npt.NDArray[np.float64]:
        scaled = [sums * scale for sums, scale in zip(self.sums, self.scales, strict=True) if sums is not None]
        return sum(scaled, start=np.zeros(len(self.candidates.products)))


def neighbour_scores(
    lists: Sequence[NeighbourLists], *, seed_weights: npt.NDArray[np.float64], weights: SourceWeights
) -> NeighbourScores:
    """Weigh the neighbours of the products of the history (n,) by the weights of these seeds (n,), and scale each source."""
    packed = [entry.bought_together for entry in lists]
    packed += [entry.viewed_together for entry in lists]
    packed += [entry.similar_product for entry in lists]
    lengths = np.fromiter(map(len, packed), dtype=np.intp, count=len(packed)) // NEIGHBOUR.itemsize
    records = unpack(b"".join(packed))
    n_sources = len(NEIGHBOUR_SOURCES)
    amounts = records["weight"] * np.repeat(np.tile(seed_weights, n_sources), lengths)
    candidates, numbers = _numbered(records["product_index"])
    ends = lengths.cumsum()
    starts = [0, *ends.reshape(n_sources, -1)[:, -1].tolist()] if lists else [0] * (n_sources + 1)
    sums = [
        np.bincount(numbers[first:last], weights=amounts[first:last], minlength=len(candidates.products)).astype(np.float64)
        if last > first
        else None
        for first, last in pairwise(starts)
    ]
    return NeighbourScores(
        numbers=numbers,
        amounts=amounts,
        ends=ends,
        candidates=candidates,
        sums=sums,
        scales=_scales(sums, weights),
    )


def _scales(sums: Sequence[npt.NDArray[np.float64] | None], weights: SourceWeights) -> list[float]:
    """Return a factor for each of NEIGHBOUR_SOURCES: its weight over the largest sum of a candidate."""
    scales = [0.0] * len(sums)
    for together in SCALED_TOGETHER:
        parts = [own for source in together if (own := sums[source]) is not None]
        largest = float(sum(parts[1:], start=parts[0]).max()) if parts else 0.0
        for source in together:
            scales[source] = getattr(weights, NEIGHBOUR_SOURCES[source]) / largest if largest > 0 else 0.0
    return scales


def _best(products: Indexes, totals: npt.NDArray[np.float64], n: int | None) -> Indexes:
    """Return the `n` products with the largest totals, or all of them, ties by index."""
    if n is None or len(products) <= n:
        return products
    # Ties at the edge of a partition stay in and are broken by the sort of the few that remain.
    kept = np.flatnonzero(totals >= np.partition(totals, -n)[-n])
    return products[kept[np.lexsort((products[kept], -totals[kept]))[:n]]]


def _numbered(entries: npt.NDArray[np.int32]) -> tuple[Candidates, Indexes]:
    """Return the candidates among `entries`, and the number of each entry."""
    # A table replaces a sort. It is as long as the largest index, but only the touched pages cost time.
    number_of = np.empty(int(entries.max(initial=-1)) + 1, dtype=np.int32)
    places = np.arange(len(entries), dtype=np.int32)
    number_of[entries] = places
    # The last place of each product wins, and is where its entry finds itself.
    products = entries[number_of[entries] == places]
    number_of[products] = np.arange(len(products), dtype=np.int32)
    return Candidates(products=products, number_of=number_of), number_of[entries].astype(np.intp)
