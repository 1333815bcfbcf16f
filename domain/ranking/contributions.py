"""The contributions that add up to a score: arrays while a list is computed, bytes while it is stored.

A reason names a contribution, so the reasons of a product are the arithmetic of its score.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.records.recommendations import SOURCES, Contribution, Source

CONTRIBUTION = np.dtype([("source", "u1"), ("cause", "<i2"), ("amount", "<f4")])
NO_CAUSE = -1
SOURCE_INDEX: dict[Source, int] = {source: index for index, source in enumerate(SOURCES)}


class Contributions(Struct, frozen=True, kw_only=True):
    """Contributions to the scores of some products, as parallel arrays with one entry each.

    `positions` index the products; `sources` index SOURCES; `causes` index a table of product ids and category paths, or
    are NO_CAUSE.
    """

    positions: npt.NDArray[np.intp]
    sources: npt.NDArray[np.intp]
    causes: npt.NDArray[np.intp]
    amounts: npt.NDArray[np.float64]

    def totals(self, n_products: int) -> npt.NDArray[np.float64]:
        """Return the sum of the contributions to each product (n_products,)."""
        return np.bincount(self.positions, weights=self.amounts, minlength=n_products).astype(np.float64, copy=False)

    def packed(self, chosen: Sequence[int]) -> list[bytes]:
        """Pack the positive contributions to each of the products at the positions `chosen` as CONTRIBUTION records."""
        ranks = np.full(max(self.positions.max(initial=-1), max(chosen, default=-1)) + 1, -1)
        ranks[list(chosen)] = np.arange(len(chosen))
        rank_of = ranks[self.positions]
        kept = np.flatnonzero((rank_of >= 0) & (self.amounts > 0))
        kept = kept[np.argsort(rank_of[kept], kind="stable")]
        records = np.empty(len(kept), dtype=CONTRIBUTION)
        records["source"] = self.sources[kept]
        records["cause"] = self.causes[kept]
        records["amount"] = self.amounts[kept]
        packed = records.tobytes()
        ends = (np.bincount(rank_of[kept], minlength=len(chosen)).cumsum() * CONTRIBUTION.itemsize).tolist()
        return [packed[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def concatenate(*parts: Contributions) -> Contributions:
    """Return all contributions in one struct, in the order given."""
    return Contributions(
        positions=np.concatenate([part.positions for part in parts]),
        sources=np.concatenate([part.sources for part in parts]),
        causes=np.concatenate([part.causes for part in parts]),
        amounts=np.concatenate([part.amounts for part in parts]),
    )


_EMPTY = np.empty(0, dtype=np.intp)
NO_CONTRIBUTIONS = Contributions(positions=_EMPTY, sources=_EMPTY, causes=_EMPTY, amounts=np.empty(0))


def unpack_contributions(packed: bytes, *, causes: Sequence[str]) -> list[Contribution]:
    """Return the contributions to one product; `causes` is the table that they index."""
    records: list[tuple[int, int, float]] = np.frombuffer(packed, dtype=CONTRIBUTION).tolist()
    return [(SOURCES[source], None if cause == NO_CAUSE else causes[cause], amount) for source, cause, amount in records]


def sources_in(packed: Sequence[bytes]) -> set[Source]:
    """Return the sources that contribute to any of these products."""
    return {SOURCES[source] for source in set(np.frombuffer(b"".join(packed), dtype=CONTRIBUTION)["source"].tolist())}
