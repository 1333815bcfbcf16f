"""The learned ranker: the value of a source as a sum of learned functions, each of one feature of customer and product.

It is a generalised additive model (Zhuang et al., "Interpretable ranking with generalized additive models", WSDM 2021), so a
reason remains a part of the score. Every function rises from 0, so more of a feature never costs a product its place, and
what is nowhere seen gains nothing.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from domain.ranking.model import Shape, SourceWeights
from domain.records.recommendations import Source

TOGETHER: tuple[Source, ...] = ("bought_together", "viewed_together")
"""Two parts of one list, so what features of neighbours add is shared out among them as their values are."""

SHAPED_SOURCES: tuple[Source, ...] = (
    *TOGETHER,
    "similar_product",
    "segment_trend",
    "category_interest",
    "price_fit",
    "popular",
)
"""Each is a feature itself. `new` is none: in files, the products of the future can be known by their missing past."""

NEIGHBOUR_FEATURES = frozenset({"strongest_neighbour", "even_neighbours", "newest_neighbour"})
_SOURCES_OF: dict[str, tuple[Source, ...]] = {
    **{source: (source,) for source in SHAPED_SOURCES},
    **dict.fromkeys(sorted(NEIGHBOUR_FEATURES), TOGETHER),
    "category_share": ("category_interest",),
    "recent_category_share": ("category_interest",),
    "brand_share": ("category_interest",),
    "price_distance": ("price_fit",),
    "popular_for_few": ("popular",),
}
FEATURES: tuple[str, ...] = tuple(_SOURCES_OF)

Values = npt.NDArray[np.float64]


def shaped(values: Mapping[str, Values], shapes: tuple[Shape, ...], weights: SourceWeights) -> dict[Source, Values]:
    """Return the weighted values (n,) of the sources that have shapes, from those of the features.

    The shapes of a source add up to a largest sum, which is scaled to the source's weight.
    """
    rises: dict[Source, float] = dict.fromkeys(SHAPED_SOURCES, 0.0)
    sums: dict[Source, Values] = {}
    share = _share_of_bought(values)
    for shape in shapes:
        if shape.feature not in values:
            continue
        parts = np.interp(values[shape.feature], shape.knots, shape.values)
        for source, own in _parts(shape.feature, parts, share):
            rises[source] += shape.values[-1]
            sums[source] = sums[source] + own if source in sums else own
    return {source: own * (getattr(weights, source) / rises[source]) for source, own in sums.items()}


def rise_of(source: Source, shapes: tuple[Shape, ...]) -> float:
    """Return the largest sum of the shapes of a source: the weight by which they count as they were learned."""
    return sum(shape.values[-1] for shape in shapes if source in sources_of(shape.feature))


def shaped_sources(shapes: tuple[Shape, ...]) -> set[Source]:
    """Return the sources that have shapes."""
    return {source for shape in shapes for source in sources_of(shape.feature)}


def sources_of(feature: str) -> tuple[Source, ...]:
    """Return the sources that a feature counts for, none for an unknown one."""
    # A stored model may know features that this release does not.
    return _SOURCES_OF.get(feature, ())


def _parts(feature: str, parts: Values, share: Values) -> list[tuple[Source, Values]]:
    if feature in NEIGHBOUR_FEATURES:
        bought, viewed = TOGETHER
        return [(bought, parts * share), (viewed, parts * (1.0 - share))]
    return [(source, parts) for source in sources_of(feature)]


def _share_of_bought(values: Mapping[str, Values]) -> Values:
    bought, viewed = (values[source] for source in TOGETHER)
    together = bought + viewed
    return np.divide(bought, together, out=np.ones(len(bought)), where=together > 0)
