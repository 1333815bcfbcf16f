"""The sources of a score, each scaled to [0, 1], and their weighted sum.

Everything that a list is made of is a part: so much from this source because of that product or category. The total of a
product is the sum of its parts, so that reasons are the arithmetic of the score.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain import content
from domain.customers import segment_of
from domain.evidence import Evidence
from domain.fields import to_microseconds
from domain.interactions import DAY
from domain.interests import event_weight
from domain.packing import NEIGHBOUR, unpack
from domain.products import Product, category_levels
from domain.recommendations import Part, Source

NEIGHBOUR_SOURCES: tuple[Source, ...] = ("bought_together", "viewed_together", "similar_product")
PRODUCT_SOURCES: tuple[Source, ...] = ("segment_trend", "category_interest", "price_fit", "new", "popular")
SEEN_AGAIN = NEIGHBOUR_SOURCES.index("viewed_together")
N_CONTENT_SEEDS = 10
NEW_DAYS = 30.0
LEAST_SIMILARITY = 0.3


class Neighbours(Struct, frozen=True, kw_only=True):
    """Neighbours of the history, as parallel arrays with one entry per source, seed and candidate.

    `sources` are positions in NEIGHBOUR_SOURCES, `seeds` and `candidates` product indexes, `parts` weighted and scaled so
    that the best candidate of a source gets the source's whole blend weight. `groups` is the same number, below the length
    of the arrays, for all entries of a candidate.
    """

    sources: npt.NDArray[np.intp]
    seeds: npt.NDArray[np.int32]
    candidates: npt.NDArray[np.intp]
    groups: npt.NDArray[np.intp]
    parts: npt.NDArray[np.float64]

    def only(self, kept: npt.NDArray[np.bool_]) -> "Neighbours":
        """Keep some of the entries; groups stay below the old length."""
        return Neighbours(
            sources=self.sources[kept],
            seeds=self.seeds[kept],
            candidates=self.candidates[kept],
            groups=self.groups[kept],
            parts=self.parts[kept],
        )

    def best(self, n: int | None) -> list[int]:
        """List the `n` candidates with the largest sums, or all, best first, ties by product index."""
        totals = np.bincount(self.groups, weights=self.parts, minlength=len(self.groups))
        found = np.flatnonzero(totals)
        if n is not None and len(found) > n:
            found = found[np.argpartition(-totals[found], n)[:n]]
        candidates = self.candidates[found]
        return candidates[np.lexsort((candidates, -totals[found]))].tolist()


class Signals(Struct, frozen=True, kw_only=True):
    """What the evidence says before any product is looked at; weights by product index or category path in [0, 1]."""

    seeds: dict[int, float]
    neighbours: Neighbours
    interests: dict[str, float]
    segment_trend: dict[int, float]
    popularity: dict[int, float]
    category_trends: dict[str, dict[int, float]]


class Scores(Struct, frozen=True, kw_only=True):
    """The totals of n products, and the parts they are made of.

    `own` (n, 5) has the parts of PRODUCT_SOURCES; `interest_paths` the category path behind each product's interest;
    `extra` what content adds where training has not compared; `positions` says which product each entry of `neighbours`
    is a part of.
    """

    totals: npt.NDArray[np.float64]
    own: npt.NDArray[np.float64]
    interest_paths: list[str | None]
    extra: dict[int, list[Part]]
    neighbours: Neighbours
    positions: npt.NDArray[np.intp]
    seed_ids: dict[int, str]

    def parts_of(self, chosen: Sequence[int]) -> list[list[Part]]:
        """Collect the positive parts of the products at the positions `chosen`, in that order."""
        collected = [list(self.extra.get(position, ())) for position in chosen]
        for parts, position, own in zip(collected, chosen, self.own[list(chosen)].tolist(), strict=True):
            path = self.interest_paths[position]
            for source, part in zip(PRODUCT_SOURCES, own, strict=True):
                if part > 0:
                    parts.append((source, path if source == "category_interest" else None, part))
        rows = np.full(len(self.totals), -1)
        rows[list(chosen)] = np.arange(len(chosen))
        row_of = rows[self.positions]
        wanted = row_of >= 0
        entries = zip(
            row_of[wanted].tolist(),
            self.neighbours.sources[wanted].tolist(),
            self.neighbours.seeds[wanted].tolist(),
            self.neighbours.parts[wanted].tolist(),
            strict=True,
        )
        for row, source, seed, part in entries:
            collected[row].append((NEIGHBOUR_SOURCES[source], self.seed_ids[seed], part))
        return collected


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
    popular = model.popular if model.popular.products else evidence.recent_popularity
    return Signals(
        seeds=seeds,
        neighbours=_neighbours(evidence, seeds),
        interests=_interests(evidence, seeds),
        segment_trend=trend.by_index if trend else {},
        popularity=popular.by_index,
        category_trends={category: _unpacked(packed) for category, packed in evidence.category_trends.items()},
    )


def score(signals: Signals, products: Sequence[Product], *, evidence: Evidence, now: datetime) -> Scores:
    """Score `products`; one that nothing speaks for still gets a little for its newness."""
    positions, neighbours = _among(signals.neighbours, products)
    own, interest_paths = _own(signals, products, evidence=evidence, now=now)
    totals = own.sum(axis=1) + np.bincount(positions, weights=neighbours.parts, minlength=len(products))
    extra: defaultdict[int, list[Part]] = defaultdict(list)
    for position, part in _similar_without_lists(signals, products, evidence):
        extra[position].append(part)
        totals[position] += part[2]
    return Scores(
        totals=totals,
        own=own,
        interest_paths=interest_paths,
        extra=extra,
        neighbours=neighbours,
        positions=positions,
        seed_ids={event.product.product_index: event.product.product_id for event in evidence.history},
    )


def _seeds(evidence: Evidence) -> dict[int, float]:
    """Weigh the products of the history, the most telling one at 1."""
    weights: defaultdict[int, float] = defaultdict(float)
    reference = counted_from(evidence)
    for event in evidence.history:
        weights[event.product.product_index] += event_weight(
            event,
            counted_from=reference,
            half_life_days=evidence.model.half_life_days,
            exponent=evidence.model.recipe.event_exponent,
        )
    most = max(weights.values(), default=0.0)
    return {index: weight / most for index, weight in weights.items()} if most > 0 else {}


def _neighbours(evidence: Evidence, seeds: dict[int, float]) -> Neighbours:
    """Weigh all lists by their seeds, and scale each source so that its best candidate sums to the blend weight.

    What was bought and what was viewed together comes from one list, so that these two are scaled as one.
    """
    lists = evidence.neighbours
    packed = [getattr(entry, source) for source in NEIGHBOUR_SOURCES for entry in lists]
    lengths = np.array([len(one) // NEIGHBOUR.itemsize for one in packed], dtype=np.intp)
    entries = unpack(b"".join(packed))
    n_sources = len(NEIGHBOUR_SOURCES)
    seed_of = np.tile(np.array([entry.product_index for entry in lists], dtype=np.int32), n_sources)
    weight_of = np.tile(np.array([seeds.get(entry.product_index, 0.0) for entry in lists]), n_sources)
    sources = np.repeat(np.repeat(np.arange(n_sources), len(lists)), lengths)
    parts = entries["weight"] * np.repeat(weight_of, lengths)
    candidates = entries["product_index"].astype(np.intp)
    groups = _places(candidates, candidates, np.arange(len(candidates)))
    sums = np.bincount(sources * len(groups) + groups, weights=parts, minlength=n_sources * len(groups))
    sums = sums.reshape(n_sources, len(groups))
    most = np.append(np.repeat((sums[0] + sums[1]).max(initial=0.0), 2), sums[2:].max(axis=1, initial=0.0))
    blend = np.array([getattr(evidence.model.blend, source) for source in NEIGHBOUR_SOURCES])
    weighted = Neighbours(
        sources=sources,
        seeds=np.repeat(seed_of, lengths),
        candidates=candidates,
        groups=groups,
        parts=parts * np.divide(blend, most, out=np.zeros(n_sources), where=most > 0)[sources],
    )
    return _with_seeds(weighted, seeds, evidence.model.seen_again)


def _with_seeds(neighbours: Neighbours, seeds: dict[int, float], seen_again: float | None) -> Neighbours:
    """Let each seed speak for itself as well, where what was seen is worth showing again; else take it out."""
    if seen_again is None:
        kept = neighbours.only(~np.isin(neighbours.candidates, list(seeds)))
        places = _places(kept.candidates, kept.candidates, np.arange(len(kept.candidates)))
        return replace(kept, groups=places)
    if seen_again == 0:
        return neighbours
    own = np.array(list(seeds), dtype=np.intp)
    candidates = np.append(neighbours.candidates, own)
    return Neighbours(
        sources=np.append(neighbours.sources, np.full(len(own), SEEN_AGAIN)),
        seeds=np.append(neighbours.seeds, own.astype(np.int32)),
        candidates=candidates,
        groups=_places(candidates, candidates, np.arange(len(candidates))),
        parts=np.append(neighbours.parts, seen_again * np.array(list(seeds.values()))),
    )


def _places(wanted: npt.NDArray[np.intp], known: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Look up the place of each of `wanted` (numbers from 0) among `known`, -1 where it is not one of them.

    By a table instead of by sorting: it is as long as the highest number, but only the parts that are used cost anything.
    """
    table = np.empty(max(wanted.max(initial=-1), known.max(initial=-1)) + 1, dtype=np.intp)
    table[wanted] = -1
    table[known] = places
    return table[wanted]


def _among(neighbours: Neighbours, products: Sequence[Product]) -> tuple[npt.NDArray[np.intp], Neighbours]:
    """Keep the entries whose candidate is one of `products`, and give its position there."""
    indexes = np.array([product.product_index for product in products], dtype=np.intp)
    positions = _places(neighbours.candidates, indexes, np.arange(len(products)))
    known = (positions >= 0) & (neighbours.parts > 0)
    return positions[known], neighbours.only(known)


def _own(
    signals: Signals, products: Sequence[Product], *, evidence: Evidence, now: datetime
) -> tuple[npt.NDArray[np.float64], list[str | None]]:
    """Compute the parts (n, 5) of PRODUCT_SOURCES, and the category path behind each interest."""
    interests = {category: _interest(category, signals) for category in {product.category for product in products}}
    trends = {category: signals.category_trends.get(category or "", {}) for category in interests}
    interest = [
        interests[product.category][1] * (0.5 + 0.5 * trends[product.category].get(product.product_index, 0.0))
        for product in products
    ]
    columns: dict[Source, npt.ArrayLike] = {
        "segment_trend": [signals.segment_trend.get(product.product_index, 0.0) for product in products],
        "category_interest": interest,
        "price_fit": price_fits(products, evidence),
        "new": newness(products, now=now),
        "popular": [signals.popularity.get(product.product_index, 0.0) for product in products],
    }
    blend = evidence.model.blend
    parts = [getattr(blend, source) * np.array(columns[source], dtype=np.float64) for source in PRODUCT_SOURCES]
    return np.stack(parts, axis=1), [interests[product.category][0] for product in products]


def newness(products: Sequence[Product], *, now: datetime) -> npt.NDArray[np.float64]:
    """Give (n,) values: 1 for a product made `now`, 1/2 after 30 days, falling on as 1 / (1 + age / 30 days)."""
    created_at = np.array([product.created_at for product in products], dtype=np.float64)
    age_days = np.maximum(to_microseconds(now) - created_at, 0.0) / DAY
    return 1.0 / (1.0 + age_days / NEW_DAYS)


def price_fits(products: Sequence[Product], evidence: Evidence) -> npt.NDArray[np.float64]:
    """Tell how usual prices are for the customer's segment, (n,) values in [0, 1].

    A Gaussian of the log ratio to the median price of the product's category; 0 where a price or its median is unknown.
    """
    segment, _ = segment_of(evidence.standing)
    usual = evidence.model.price_fit.get(segment)
    if usual is None:
        return np.zeros(len(products))
    medians = evidence.model.median_prices
    ratios = np.array([(product.price or 0.0) / medians.get(product.category or "", np.inf) for product in products])
    known = ratios > 0
    distance = (np.log(ratios, out=np.zeros(len(products)), where=known) - usual.mean) / usual.deviation
    return np.exp(-0.5 * distance * distance) * known


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


def _interest(category: str | None, signals: Signals) -> tuple[str | None, float]:
    """Find the path of a category that the customer cares for most, and how much; upper levels count for their share."""
    levels = category_levels(category)
    found: tuple[str | None, float] = (None, 0.0)
    for depth, path in enumerate(levels, start=1):
        if path not in signals.interests:  # nor is anything below it
            break
        interest = signals.interests[path] * depth / len(levels)
        if interest >= found[1]:
            found = path, interest
    return found


def _similar_without_lists(signals: Signals, products: Sequence[Product], evidence: Evidence) -> Iterator[tuple[int, Part]]:
    """Compare by content where training has not: seeds without a list with all, the others with what is new since.

    Yield positions in `products` with parts; training never saw these pairs, so nothing counts twice.
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
            part = evidence.model.blend.similar_product * signals.seeds[seed.product_index] * float(similarity[row, column])
            yield column, ("similar_product", seed.product_id, part)


def _unpacked(packed: bytes) -> dict[int, float]:
    entries = unpack(packed)
    return dict(zip(entries["product_index"].tolist(), entries["weight"].tolist(), strict=True))
