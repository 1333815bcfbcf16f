"""The sources of a score, each scaled to [0, 1], and their weighted sum.

Everything that a list is made of is a part: so much from this source because of that product or category. The total of a
product is the sum of its parts, so that reasons are the arithmetic of the score.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import exp, log

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain import content
from domain.customers import segment_of
from domain.evidence import Evidence, NeighbourLists
from domain.fields import to_microseconds
from domain.interactions import DAY
from domain.interests import event_weight
from domain.model import Model, WeightedProducts
from domain.packing import unpack
from domain.products import Product, category_levels
from domain.reasons import Cause
from domain.recommendations import Source

NEIGHBOUR_SOURCES: tuple[Source, ...] = ("bought_together", "viewed_together", "similar_product")
N_CONTENT_SEEDS = 10
NEW_DAYS = 30.0
LEAST_SIMILARITY = 0.3


class Neighbours(Struct, frozen=True, kw_only=True):
    """Neighbours of the history, as parallel arrays with one entry per source, seed and candidate.

    `sources` are positions in NEIGHBOUR_SOURCES, `seeds` and `candidates` product indexes, `parts` weighted and scaled so
    that the best candidate of a source gets the source's whole blend weight.
    """

    sources: npt.NDArray[np.int8]
    seeds: npt.NDArray[np.int32]
    candidates: npt.NDArray[np.int32]
    parts: npt.NDArray[np.float64]

    def best(self, n: int) -> list[int]:
        """List the `n` candidates with the largest sums, best first, ties by product index."""
        candidates, totals = _sums(self.candidates, self.parts)
        return candidates[np.lexsort((candidates, -totals))[:n]].tolist()


class Signals(Struct, frozen=True, kw_only=True):
    """What the evidence says before any product is looked at; weights by product index or category path in [0, 1]."""

    seeds: dict[int, float]
    neighbours: Neighbours
    interests: dict[str, float]
    segment_trend: dict[int, float]
    popularity: dict[int, float]
    category_trends: dict[str, dict[int, float]]


class Scores(Struct, frozen=True, kw_only=True):
    """Totals per product, and the parts they are made of: one dictionary per product, and the neighbours' arrays."""

    totals: npt.NDArray[np.float64]
    parts: list[dict[Cause, float]]
    product_ids: dict[int, str]
    neighbours: Neighbours
    positions: npt.NDArray[np.intp]

    def parts_of(self, chosen: Sequence[int]) -> list[dict[Cause, float]]:
        """Collect all parts of the products at the positions `chosen`, in that order."""
        collected = {position: dict(self.parts[position]) for position in chosen}
        wanted = np.isin(self.positions, np.asarray(chosen, dtype=np.intp))
        entries = zip(
            self.positions[wanted].tolist(),
            self.neighbours.sources[wanted].tolist(),
            self.neighbours.seeds[wanted].tolist(),
            self.neighbours.parts[wanted].tolist(),
            strict=True,
        )
        for position, source, seed, part in entries:
            collected[position][NEIGHBOUR_SOURCES[source], self.product_ids[seed]] = part
        return list(collected.values())


def counted_from(evidence: Evidence) -> int:
    """Return the instant that ages count from: the newest event of the shop, in microseconds."""
    newest = evidence.history[0].occurred_at if evidence.history else 0
    return max(evidence.model.newest_event_at, newest)


def signals_of(evidence: Evidence) -> Signals:
    """Weigh the history and look up what the model says of it."""
    model = evidence.model
    seeds = _seeds(evidence)
    segment, source = segment_of(evidence.standing)
    trend = model.segment_trends.get(segment) if source != "default" else None
    return Signals(
        seeds=seeds,
        neighbours=_neighbours(evidence, seeds),
        interests=_interests(evidence, seeds),
        segment_trend=_by_index(trend or WeightedProducts()),
        popularity=_by_index(model.popular if model.popular.products else evidence.recent_popularity),
        category_trends={category: _unpacked(packed) for category, packed in evidence.category_trends.items()},
    )


def score(signals: Signals, products: Sequence[Product], *, evidence: Evidence, now: datetime) -> Scores:
    """Score `products`; a product that nothing speaks for still gets a little for its newness."""
    positions, neighbours = _among(signals.neighbours, products)
    parts = _parts(signals, products, evidence=evidence, now=now)
    for position, cause, part in _similar_without_lists(signals, products, evidence):
        parts[position][cause] = part
    own = np.fromiter((sum(found.values()) for found in parts), dtype=np.float64, count=len(products))
    return Scores(
        totals=own + np.bincount(positions, weights=neighbours.parts, minlength=len(products)),
        parts=parts,
        product_ids={event.product.product_index: event.product.product_id for event in evidence.history},
        neighbours=neighbours,
        positions=positions,
    )


def _seeds(evidence: Evidence) -> dict[int, float]:
    """Weigh the products of the history, the most telling one at 1."""
    weights: defaultdict[int, float] = defaultdict(float)
    reference = counted_from(evidence)
    for event in evidence.history:
        weights[event.product.product_index] += event_weight(
            event, counted_from=reference, half_life_days=evidence.model.half_life_days
        )
    most = max(weights.values(), default=0.0)
    return {index: weight / most for index, weight in weights.items()} if most > 0 else {}


def _neighbours(evidence: Evidence, seeds: dict[int, float]) -> Neighbours:
    lists = evidence.neighbours
    blend = evidence.model.blend
    per_source = [
        _scaled([getattr(entry, source) for entry in lists], lists, seeds, blend_weight=getattr(blend, source))
        for source in NEIGHBOUR_SOURCES
    ]
    return Neighbours(
        sources=np.repeat(np.arange(len(per_source), dtype=np.int8), [len(seed) for seed, _, _ in per_source]),
        seeds=np.concatenate([seed for seed, _, _ in per_source]),
        candidates=np.concatenate([candidate for _, candidate, _ in per_source]),
        parts=np.concatenate([part for _, _, part in per_source]),
    )


def _scaled(
    packed: list[bytes], lists: Sequence[NeighbourLists], seeds: dict[int, float], *, blend_weight: float
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Weigh one source's lists by their seeds, so that its best candidate sums to `blend_weight`."""
    entries = unpack(b"".join(packed))
    lengths = [len(one) // entries.dtype.itemsize for one in packed]
    seed_of = np.repeat(np.array([entry.product_index for entry in lists], dtype=np.int32), lengths)
    weight_of = np.repeat(np.array([seeds.get(entry.product_index, 0.0) for entry in lists]), lengths)
    parts = entries["weight"] * weight_of
    candidates = entries["product_index"]
    _, totals = _sums(candidates, parts)
    most = totals.max(initial=0.0)
    return seed_of, candidates, parts * (blend_weight / most if most > 0 else 0.0)


def _sums(
    candidates: npt.NDArray[np.int32], parts: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    unique, inverse = np.unique(candidates, return_inverse=True)
    return unique, np.bincount(inverse, weights=parts, minlength=len(unique))


def _among(neighbours: Neighbours, products: Sequence[Product]) -> tuple[npt.NDArray[np.intp], Neighbours]:
    """Keep the entries whose candidate is one of `products`, and give its position there."""
    indexes = np.array([product.product_index for product in products], dtype=np.int32)
    if not len(indexes):
        indexes = np.array([-1], dtype=np.int32)
    order = np.argsort(indexes)
    places = np.searchsorted(indexes, neighbours.candidates, sorter=order)
    positions = order[np.minimum(places, len(indexes) - 1)]
    known = (indexes[positions] == neighbours.candidates) & (neighbours.parts > 0)
    return positions[known], Neighbours(
        sources=neighbours.sources[known],
        seeds=neighbours.seeds[known],
        candidates=neighbours.candidates[known],
        parts=neighbours.parts[known],
    )


def _parts(
    signals: Signals, products: Sequence[Product], *, evidence: Evidence, now: datetime
) -> list[dict[Cause, float]]:
    """Collect the parts of all sources but the neighbours; only positive ones."""
    blend = evidence.model.blend
    today = to_microseconds(now)
    segment, _ = segment_of(evidence.standing)
    collected: list[dict[Cause, float]] = []
    for product in products:
        parts: dict[Cause, float] = {("new", None): blend.new * newness(product, now=today)}
        index = product.product_index
        if trend := signals.segment_trend.get(index):
            parts["segment_trend", None] = blend.segment_trend * trend
        if popularity := signals.popularity.get(index):
            parts["popular", None] = blend.popular * popularity
        if (fit := price_fit(product, evidence.model, segment)) is not None:
            parts["price_fit", None] = blend.price_fit * fit
        path, interest = _interest(product, signals)
        if path is not None:
            parts["category_interest", path] = blend.category_interest * interest
        collected.append({cause: part for cause, part in parts.items() if part > 0})
    return collected


def newness(product: Product, *, now: int) -> float:
    """Return 1 for a product made at `now` (microseconds), 1/2 after 30 days, falling on as 1 / (1 + age / 30 days)."""
    age_days = max(0, now - to_microseconds(product.created_at)) / DAY
    return 1.0 / (1.0 + age_days / NEW_DAYS)


def price_fit(product: Product, model: Model, segment: str) -> float | None:
    """Tell how usual a price is for a segment: a Gaussian of its log ratio to the median of its category, in (0, 1]."""
    median = model.median_prices.get(product.category or "")
    usual = model.price_fit.get(segment)
    if not median or not product.price or usual is None:
        return None
    distance = (log(product.price / median) - usual.mean) / usual.deviation
    return exp(-0.5 * distance * distance)


def _interests(evidence: Evidence, seeds: dict[int, float]) -> dict[str, float]:
    """Weigh category paths by the seeds in them, the strongest at 1; upper levels get their share of the path."""
    weights: defaultdict[str, float] = defaultdict(float)
    category_of = {event.product.product_index: event.product.category for event in evidence.history}
    for index, weight in seeds.items():
        levels = category_levels(category_of[index])
        for depth, path in enumerate(levels, start=1):
            weights[path] += weight * depth / len(levels)
    most = max(weights.values(), default=1.0)
    return {path: weight / most for path, weight in weights.items()}


def _interest(product: Product, signals: Signals) -> tuple[str | None, float]:
    """Find the category path of a product that the customer cares for most, halved unless it is popular there."""
    levels = category_levels(product.category)
    found = [
        (signals.interests[path] * depth / len(levels), path)
        for depth, path in enumerate(levels, start=1)
        if path in signals.interests
    ]
    if not found:
        return None, 0.0
    interest, path = max(found)
    trend = signals.category_trends.get(product.category or "", {})
    return path, interest * (0.5 + 0.5 * trend.get(product.product_index, 0.0))


def _similar_without_lists(
    signals: Signals, products: Sequence[Product], evidence: Evidence
) -> Iterator[tuple[int, Cause, float]]:
    """Compare by content where training has not: seeds without a list with all, the others with what is new since.

    Yield the position in `products`, the cause and the part; training never saw these pairs, so nothing counts twice.
    """
    past = {event.product.product_index: event.product for event in evidence.history}
    strongest = sorted(signals.seeds, key=lambda index: (-signals.seeds[index], index))[:N_CONTENT_SEEDS]
    listed = {entry.product_index for entry in evidence.neighbours if entry.similar_product}
    is_new = [product.product_index > evidence.model.newest_product_index for product in products]
    seeds = [past[index] for index in strongest]
    if not any(is_new) and all(index in listed for index in strongest):
        return
    similarity = content.similarity(content.features(seeds), content.features(products))
    for row, column in np.argwhere(similarity >= LEAST_SIMILARITY).tolist():
        seed, product = seeds[row], products[column]
        if seed.product_index != product.product_index and (is_new[column] or seed.product_index not in listed):
            part = (
                evidence.model.blend.similar_product
                * signals.seeds[seed.product_index]
                * float(similarity[row, column])
            )
            yield column, ("similar_product", seed.product_id), part


def _by_index(weighted: WeightedProducts) -> dict[int, float]:
    return dict(zip(weighted.products, weighted.weights, strict=True))


def _unpacked(packed: bytes) -> dict[int, float]:
    entries = unpack(packed)
    return dict(zip(entries["product_index"].tolist(), entries["weight"].tolist(), strict=True))
