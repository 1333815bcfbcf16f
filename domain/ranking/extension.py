"""A source of scores that a shop adds to those of `SOURCES`; `own_sources` has them, `docs/extending.md` explains them."""

from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.indexes import Indexes
from domain.ranking.inputs import RankingInputs
from domain.ranking.model import SourceWeights
from domain.records.recommendations import SOURCE_NAMES


class ScoreFunction(Protocol):
    """Returns values in [0, 1] for `products` (n,), product indexes; the same arguments always give the same values."""

    def __call__(self, products: Indexes, inputs: RankingInputs, *, now: datetime) -> npt.NDArray[np.float64]: ...


class OwnSource(Struct, frozen=True, kw_only=True):
    """A source of the shop's own: its name in reasons, its weight until tuning fits one, and its scores.

    Raises ValueError for the name of a source that exists.
    """

    name: str
    weight: float
    scores: ScoreFunction

    def __post_init__(self) -> None:
        if self.name in SOURCE_NAMES:
            raise ValueError(f"A source has the name {self.name!r} already")

    def weighted(
        self, products: Indexes, inputs: RankingInputs, *, weights: SourceWeights, now: datetime
    ) -> npt.NDArray[np.float64]:
        """Return the weighted scores of products (n,); values outside [0, 1] are clipped, and NaN counts as 0."""
        values = np.clip(np.nan_to_num(self.scores(products, inputs, now=now)), 0.0, 1.0)
        return self.weight_in(weights) * values

    def weight_in(self, weights: SourceWeights) -> float:
        """Return the tuned weight, or the source's own where tuning did not know the source."""
        return weights.own.get(self.name, self.weight)
