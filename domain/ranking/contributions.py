"""What scores are made of: arrays while a list is made, bytes while it is stored."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.records.recommendations import SOURCES, Contribution, Source

CONTRIBUTION = np.dtype([("source", "u1"), ("cause", "<i2"), ("amount", "<f4")])
NO_CAUSE = -1


class Contributions(Struct, frozen=True, kw_only=True):
    """The parts of the scores of some products, as parallel arrays with one entry per part.

    `positions` says which product a part belongs to; `sources` are positions in SOURCES, `causes` in a table of product ids
    and category paths, NO_CAUSE for none.
    """

    positions: npt.NDArray[np.intp]
    sources: npt.NDArray[np.intp]
    causes: npt.NDArray[np.intp]
    amounts: npt.NDArray[np.float64]

    def totals(self, n_products: int) -> npt.NDArray[np.float64]:
        """Sum up the parts of each product (n_products,)."""
        return np.bincount(self.positions, weights=self.amounts, minlength=n_products).astype(np.float64, copy=False)

    def packed(self, chosen: Sequence[int]) -> list[bytes]:
        """Pack the positive parts of each of the products at the positions `chosen`, as PART says."""
        places = np.full(max(self.positions.max(initial=-1), max(chosen, default=-1)) + 1, -1)
        places[list(chosen)] = np.arange(len(chosen))
        place_of = places[self.positions]
        wanted = np.flatnonzero((place_of >= 0) & (self.amounts > 0))
        wanted = wanted[np.argsort(place_of[wanted], kind="stable")]
        records = np.empty(len(wanted), dtype=CONTRIBUTION)
        records["source"] = self.sources[wanted]
        records["cause"] = self.causes[wanted]
        records["amount"] = self.amounts[wanted]
        together = records.tobytes()
        ends = (np.bincount(place_of[wanted], minlength=len(chosen)).cumsum() * CONTRIBUTION.itemsize).tolist()
        return [together[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def concatenate(*kinds: Contributions) -> Contributions:
    """Put the parts of several kinds of sources one after the other."""
    return Contributions(
        positions=np.concatenate([kind.positions for kind in kinds]),
        sources=np.concatenate([kind.sources for kind in kinds]),
        causes=np.concatenate([kind.causes for kind in kinds]),
        amounts=np.concatenate([kind.amounts for kind in kinds]),
    )


_NONE = np.empty(0, dtype=np.intp)
NO_CONTRIBUTIONS = Contributions(positions=_NONE, sources=_NONE, causes=_NONE, amounts=np.empty(0))


def unpack_contributions(packed: bytes, *, causes: Sequence[str]) -> list[Contribution]:
    """Read back the parts of one product; `causes` is the table that they point into."""
    records: list[tuple[int, int, float]] = np.frombuffer(packed, dtype=CONTRIBUTION).tolist()
    return [(SOURCES[source], None if cause == NO_CAUSE else causes[cause], amount) for source, cause, amount in records]


def sources_in(packed: Sequence[bytes]) -> set[Source]:
    """Tell which sources these products have parts of."""
    return {SOURCES[source] for source in set(np.frombuffer(b"".join(packed), dtype=CONTRIBUTION)["source"].tolist())}
