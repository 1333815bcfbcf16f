"""The contributions that add up to a score. A reason names a contribution: reasons are the arithmetic of the score."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.indexes import NO_PRODUCTS, order_within
from domain.records.recommendations import SOURCES, Source

NO_CAUSE = -1
FILL_SHARE = 0.9
"""What the best of the products that fill a list has of the lowest score with evidence: so little that no taste lifts it."""
SOURCE_INDEX: dict[Source, int] = {source: index for index, source in enumerate(SOURCES)}


class Contributions(Struct, frozen=True, kw_only=True):
    """Contributions of products of the history to the scores of some products, as parallel arrays with one entry each.

    `positions` index the products; `sources` index SOURCES; `causes` index the products of the history, or are NO_CAUSE.
    """

    positions: npt.NDArray[np.intp]
    sources: npt.NDArray[np.intp]
    causes: npt.NDArray[np.intp]
    amounts: npt.NDArray[np.float64]

    def largest(self, n: int) -> "Contributions":
        """Keep the `n` largest entries of each product and source, and merge the others to one of them without a cause."""
        groups = self.positions * len(SOURCES) + self.sources
        order, starts, ranks = order_within(groups, self.amounts)
        kept = order[ranks < n]
        rest = np.add.reduceat(self.amounts[order] * (ranks >= n), starts) if len(order) else self.amounts
        merged = np.flatnonzero(rest)
        groups = groups[order[starts[merged]]]
        return Contributions(
            positions=np.append(self.positions[kept], groups // len(SOURCES)),
            sources=np.append(self.sources[kept], groups % len(SOURCES)),
            causes=np.append(self.causes[kept], np.full(len(groups), NO_CAUSE)),
            amounts=np.append(self.amounts[kept], rest[merged]),
        )

    def times(self, factors: npt.NDArray[np.float64]) -> "Contributions":
        """Multiply the contributions to each product by its factor (n_products,)."""
        return replace(self, amounts=self.amounts * factors[self.positions])

    def to(self, chosen: npt.NDArray[np.intp]) -> "Contributions":
        """Return the contributions to the products at the positions `chosen`, which then have the positions 0, 1, ..."""
        position_of = np.full(max(self.positions.max(initial=-1), chosen.max(initial=-1)) + 1, -1)
        position_of[chosen] = np.arange(len(chosen))
        positions = position_of[self.positions]
        kept = np.flatnonzero(positions >= 0)
        return Contributions(
            positions=positions[kept],
            sources=self.sources[kept],
            causes=self.causes[kept],
            amounts=self.amounts[kept],
        )


def concatenate(*parts: Contributions) -> Contributions:
    """Return all contributions in one struct, in the order given."""
    return Contributions(
        positions=np.concatenate([part.positions for part in parts]),
        sources=np.concatenate([part.sources for part in parts]),
        causes=np.concatenate([part.causes for part in parts]),
        amounts=np.concatenate([part.amounts for part in parts]),
    )


NO_CONTRIBUTIONS = Contributions(positions=NO_PRODUCTS, sources=NO_PRODUCTS, causes=NO_PRODUCTS, amounts=np.empty(0))
