"""Scores and weights of the shop's own sources."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.ranking import own_sources
from domain.ranking.indexes import Indexes
from domain.ranking.inputs import RankingInputs
from domain.ranking.model import SourceWeights
from domain.records.recommendations import SOURCES


def own_names() -> tuple[str, ...]:
    """Return the names of the own sources, in the order of their rows."""
    return tuple(source.name for source in own_sources.OWN_SOURCES)


def own_scores(
    products: Indexes, inputs: RankingInputs, *, weights: SourceWeights, now: datetime
) -> npt.NDArray[np.float64]:
    """Return the weighted scores of products (n,) by each own source, an array (n_own, n)."""
    scores = np.zeros((len(own_sources.OWN_SOURCES), len(products)))
    for row, source in enumerate(own_sources.OWN_SOURCES):
        scores[row] = source.weighted(products, inputs, weights=weights, now=now)
    return scores


def with_weight(weights: SourceWeights, source: str, value: float) -> SourceWeights:
    """Return `weights` with another weight of one source."""
    return replace(weights, **{source: value}) if source in SOURCES else replace(weights, own=weights.own | {source: value})


def without_own(weights: SourceWeights) -> SourceWeights:
    """Return `weights` with 0 for every own source."""
    return replace(weights, own=dict.fromkeys(own_names(), 0.0))


def weights_by_source(weights: SourceWeights) -> dict[str, float]:
    """Return the weight of each of SOURCES and of each own source, in this order."""
    own = {source.name: source.weight_in(weights) for source in own_sources.OWN_SOURCES}
    return {source: getattr(weights, source) for source in SOURCES} | own
