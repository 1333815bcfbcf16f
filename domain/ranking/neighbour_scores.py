"""The part of a score that comes from neighbours of the products in the customer's history."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.contributions import SOURCE_INDEX, Contributions
from domain.ranking.indexes import Indexes
from domain.ranking.model import SourceWeights
from domain.ranking.neighbour_table import NeighbourTable
from domain.records.recommendations import Source

NEIGHBOUR_SOURCES: tuple[Source, ...] = ("bought_together", "viewed_together", "similar_product")
"""In the order of the lists of a `NeighbourTable`."""
SCALED_TOGETHER: tuple[tuple[int, ...], ...] = ((0, 1), (2,))
"""Neighbours bought and viewed together are one trained list in two parts, so they share a scale."""


class Candidates(Struct, frozen=True, kw_only=True):
    """The products that occur among the entries, each with one of its entries as its number.

    `products` (n,) are those of the entries. They and `number_of` are a sparse set (Briggs & Torczon 1993): of a product
    index p, `number_of[p]` is its number if `products` holds p there, and without meaning if not.
    """

    products: Indexes
    number_of: npt.NDArray[np.int32]

    def numbers(self, products: Indexes) -> Indexes:
        """Return the number of each product, -1 for those that are no candidates."""
        if not len(self.products):
            return np.full(len(products), -1)
        numbers = self.number_of.take(products, mode="clip")
        return np.where(self.products.take(numbers, mode="clip") == products, numbers, -1)


class NeighbourScores(Struct, frozen=True, kw_only=True):
    """Neighbours of the history: arrays (n,) with one entry per source, seed and candidate, ordered by source.

    `numbers` are those of `candidates`; `amounts` are weighted by the seeds. `ends` are the ends of the list of each source
    and seed. The sums of a source times its factor of `scales` are its `scores` (3, n + 1) by number: those of the best
    candidate of a source make the source's weight. `totals` (n + 1,) are the sums over the sources. The last place of both,
    which the number -1 finds, is 0.
    """

    numbers: Indexes
    amounts: npt.NDArray[np.float64]
    ends: Indexes
    candidates: Candidates
    scales: list[float]
    scores: npt.NDArray[np.float64]
    totals: npt.NDArray[np.float64]

    def best(self, n: int | None, *, without: Indexes) -> Indexes:
        """Return the `n` candidates with the largest scores, or all of them, ties by index; leave out `without`."""
        totals = self.totals.copy()
        totals[self.candidates.numbers(without)] = 0.0
        return _best(self.candidates.products, totals[:-1], n)

    def best_of(self, products: Indexes, n: int | None) -> Indexes:
        """Return the `n` of `products` with the largest scores, or all with any, ties by index."""
        return _best(products, self.totals[self.candidates.numbers(products)], n)

    def of(self, products: Indexes) -> npt.NDArray[np.float64]:
        """Return the scores of `products` by source (3, len(products)), 0 for those that are no candidates."""
        return self.scores[:, self.candidates.numbers(products)]

    def contributions_to(self, products: Indexes) -> Contributions:
        """Return the entries of `products`; their `causes` are positions in the products of the history."""
        chosen = self.candidates.numbers(products)
        is_chosen = np.zeros(len(self.totals), dtype=np.bool_)
        is_chosen[chosen] = True
        is_chosen[-1] = False
        found = np.flatnonzero(is_chosen[self.numbers])
        position_of = np.empty(len(self.totals), dtype=np.intp)
        position_of[chosen] = np.arange(len(products))
        n_seeds = len(self.ends) // len(self.scales)
        lists = self.ends.searchsorted(found, side="right")
        rows = lists // max(n_seeds, 1)
        return Contributions(
            positions=position_of[self.numbers[found]],
            sources=_SOURCE_INDEXES[rows],
            causes=lists - rows * n_seeds,
            amounts=self.amounts[found] * np.array(self.scales)[rows],
        )

    def largest_of_seeds(self, n_sources: int) -> npt.NDArray[np.float64]:
        """Return the largest contribution of each seed (n_seeds,) among its lists of the first `n_sources` sources."""
        starts = np.append(0, self.ends[:-1])
        largest = np.zeros(len(self.ends))
        filled = self.ends > starts
        if filled.any():
            largest[filled] = np.maximum.reduceat(self.amounts, starts[filled])
        by_source = largest.reshape(len(self.scales), -1) * np.array(self.scales)[:, None]
        return by_source[:n_sources].max(axis=0)


_SOURCE_INDEXES = np.array([SOURCE_INDEX[source] for source in NEIGHBOUR_SOURCES], dtype=np.intp)


def neighbour_scores(
    table: NeighbourTable, products: Indexes, *, seed_weights: npt.NDArray[np.float64], weights: SourceWeights
) -> NeighbourScores:
    """Weigh the neighbours of the products of the history (n,) by the weights of these seeds (n,), and scale each source.

    The table must have all of `products`.
    """
    entries = table.of(products)
    n_sources = len(NEIGHBOUR_SOURCES)
    amounts = entries.weights * np.repeat(np.tile(seed_weights, n_sources), entries.sizes)
    candidates, numbers = _numbered(entries.products, n_products=table.n_products)
    ends = entries.sizes.cumsum()
    scores = np.zeros((n_sources, len(numbers) + 1))
    starts = [0, *ends.reshape(n_sources, -1)[:, -1].tolist()] if len(products) else [0] * (n_sources + 1)
    rows = [row for row, (first, last) in enumerate(pairwise(starts)) if last > first]
    for row in rows:
        own = slice(starts[row], starts[row + 1])
        scores[row] = np.bincount(numbers[own], weights=amounts[own], minlength=scores.shape[1])
    scales = _scales(scores, rows, weights)
    for row in rows:
        scores[row] *= scales[row]
    return NeighbourScores(
        numbers=numbers,
        amounts=amounts,
        ends=ends,
        candidates=candidates,
        scales=scales,
        scores=scores,
        totals=_sum(scores, rows),
    )


def _scales(sums: npt.NDArray[np.float64], rows: Sequence[int], weights: SourceWeights) -> list[float]:
    """Return a factor for each of NEIGHBOUR_SOURCES: its weight over the largest sum of a candidate, 0 if not in `rows`."""
    scales = [0.0] * len(sums)
    for together in SCALED_TOGETHER:
        largest = float(_sum(sums, [row for row in together if row in rows]).max())
        for row in together:
            scales[row] = getattr(weights, NEIGHBOUR_SOURCES[row]) / largest if largest > 0 else 0.0
    return scales


def _sum(scores: npt.NDArray[np.float64], rows: Sequence[int]) -> npt.NDArray[np.float64]:
    """Sum some rows, without a copy of a single one."""
    return scores[rows[0]] if len(rows) == 1 else scores[rows].sum(axis=0)


def _best(products: Indexes, totals: npt.NDArray[np.float64], n: int | None) -> Indexes:
    """Return the `n` products with the largest positive totals, ties by index, or all of them in any order."""
    if n is None or len(totals) <= n:
        return products[totals > 0]
    # The n-th largest of every eighth is at most that of all, and keeps the partition of those above it short.
    sample = totals[::8]
    edge = np.partition(sample, -n)[-n] if len(sample) > n else 0.0
    kept = np.flatnonzero(totals >= edge if edge > 0 else totals > 0)
    if len(kept) > n:
        kept = kept[totals[kept] >= np.partition(totals[kept], -n)[-n]]
    # Ties at the edge of a partition stay in and are broken by the sort of the few that remain.
    return products[kept[np.lexsort((products[kept], -totals[kept]))[:n]]]


def _numbered(entries: Indexes, *, n_products: int) -> tuple[Candidates, Indexes]:
    """Return the candidates among `entries`, which are product indexes below `n_products`, and the number of each entry."""
    # A table replaces a sort. It is as long as the catalogue, but only the touched pages cost time. The last entry of each
    # product wins, and is its number.
    number_of = np.empty(n_products, dtype=np.int32)
    number_of[entries] = np.arange(len(entries), dtype=np.int32)
    return Candidates(products=entries, number_of=number_of), number_of[entries].astype(np.intp)
