"""The sources of a score, each scaled to [0, 1], and their weighted sum.

Everything that a list is made of is a part: so much from this source because of that product or category. The total of a
product is the sum of its parts, so that reasons are the arithmetic of the score.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking import content_similarity as content
from domain.ranking.contributions import NO_CAUSE, NO_CONTRIBUTIONS, Contributions, concatenate
from domain.ranking.inputs import RankingInputs
from domain.ranking.interests import event_weight
from domain.ranking.packing import NEIGHBOUR, unpack
from domain.records.customers import segment_of
from domain.records.products import Product, category_levels
from domain.records.recommendations import SOURCES, Source
from domain.records.values import DAY, to_microseconds

NEIGHBOUR_SOURCES, PRODUCT_SOURCES = SOURCES[:3], SOURCES[3:]
SEEN_AGAIN = SOURCES.index("viewed_together")
N_CONTENT_SEEDS = 10
NEW_DAYS = 30.0
MIN_SIMILARITY = 0.3
UNTRIED = 0.02
"""What a product that is not popular in its category gets of an interest in it: enough to come before others."""


class Neighbours(Struct, frozen=True, kw_only=True):
    """Neighbours of the history, as parallel arrays with one entry per source, seed and candidate.

    `sources` are positions in NEIGHBOUR_SOURCES, `seeds` among the products of the history, `candidates` product indexes,
    `amounts` weighted and scaled so that the best candidate of a source gets the source's whole weight; what was bought
    and what was viewed together is one list in two parts, and scaled as one. `groups` is the same number, below the length
    of the arrays, for all entries of a candidate.
    """

    sources: npt.NDArray[np.intp]
    seeds: npt.NDArray[np.intp]
    candidates: npt.NDArray[np.intp]
    groups: npt.NDArray[np.intp]
    amounts: npt.NDArray[np.float64]

    def best(self, n: int | None) -> list[int]:
        """List the `n` candidates with the largest sums, or all, best first, ties by product index."""
        totals = np.bincount(self.groups, weights=self.amounts, minlength=len(self.groups))
        found = np.flatnonzero(totals)
        if n is not None and len(found) > n:
            found = found[np.argpartition(-totals[found], n)[:n]]
        candidates = self.candidates[found]
        return candidates[np.lexsort((candidates, -totals[found]))].tolist()


class Signals(Struct, frozen=True, kw_only=True):
    """What the inputs says before any product is looked at; weights by product index or category path in [0, 1].

    `past` has the products of the history, newest first, and `seeds` their weights.
    """

    past: dict[int, Product]
    seeds: dict[int, float]
    neighbours: Neighbours
    interests: dict[str, float]
    segment_trend: dict[int, float]
    popularity: dict[int, float]
    category_trends: dict[str, Mapping[int, float]]


class Scores(Struct, frozen=True, kw_only=True):
    """The totals (n,) of n products, and the parts they are made of, which point into `causes`."""

    totals: npt.NDArray[np.float64]
    contributions: Contributions
    causes: list[str]


def reference_time(inputs: RankingInputs) -> int:
    """Return the instant that ages count from: the newest event of the shop, in microseconds."""
    newest = inputs.history[0].occurred_at if inputs.history else 0
    return max(inputs.model.newest_event_at, newest)


def compute_signals(inputs: RankingInputs) -> Signals:
    """Weigh the history and look up what the model says of it."""
    model = inputs.model
    past = {event.product.product_index: event.product for event in inputs.history}
    seeds = _seeds(inputs, half_life_days=model.hyperparameters.history_days)
    segment, source = segment_of(inputs.segment_inputs)
    trend = model.segment_trends.get(segment) if source != "default" else None
    popular = model.popular if model.popular.products else inputs.recent_popularity
    return Signals(
        past=past,
        seeds=seeds,
        neighbours=_neighbours(inputs, past, seeds),
        interests=_interests(past, _seeds(inputs, half_life_days=model.hyperparameters.interest_days)),
        segment_trend=trend.by_index if trend else {},
        popularity=popular.by_index,
        category_trends={path: _weights(packed) for path, packed in inputs.category_trends.items()},
    )


def score(signals: Signals, products: Sequence[Product], *, inputs: RankingInputs, now: datetime) -> Scores:
    """Score `products`; one that nothing speaks for still gets a little for its newness."""
    contributions = concatenate(
        _own(signals, products, inputs=inputs, now=now),
        _of_neighbours(signals.neighbours, products),
        _similar_without_lists(signals, products, inputs),
    )
    return Scores(
        totals=contributions.totals(len(products)),
        contributions=contributions,
        causes=[*(product.product_id for product in signals.past.values()), *signals.interests],
    )


def _seeds(inputs: RankingInputs, *, half_life_days: float) -> dict[int, float]:
    """Weigh the products of the history, the most telling one at 1."""
    weights: defaultdict[int, float] = defaultdict(float)
    reference = reference_time(inputs)
    for event in inputs.history:
        weights[event.product.product_index] += event_weight(
            event,
            reference_time=reference,
            half_life_days=half_life_days,
            exponent=inputs.model.hyperparameters.event_exponent,
        )
    most = max(weights.values(), default=0.0)
    exponent = inputs.model.hyperparameters.repeat_exponent
    return {index: (weight / most) ** exponent for index, weight in weights.items()} if most > 0 else {}


def _neighbours(inputs: RankingInputs, past: dict[int, Product], seeds: dict[int, float]) -> Neighbours:
    """Weigh all lists by their seeds, and scale each source so that its best candidate sums to the blend weight."""
    lists = inputs.neighbours
    packed = [getattr(entry, source) for source in NEIGHBOUR_SOURCES for entry in lists]
    lengths = np.array([len(one) // NEIGHBOUR.itemsize for one in packed], dtype=np.intp)
    entries = unpack(b"".join(packed))
    n_sources = len(NEIGHBOUR_SOURCES)
    places = {index: place for place, index in enumerate(past)}
    seed_of = np.tile(np.array([places[entry.product_index] for entry in lists], dtype=np.intp), n_sources)
    weight_of = np.tile(np.array([seeds.get(entry.product_index, 0.0) for entry in lists]), n_sources)
    sources = np.repeat(np.repeat(np.arange(n_sources), len(lists)), lengths)
    amounts = entries["weight"] * np.repeat(weight_of, lengths)
    candidates = entries["product_index"].astype(np.intp)
    groups = _places(candidates, candidates, np.arange(len(candidates)))
    sums = np.bincount(sources * len(groups) + groups, weights=amounts, minlength=n_sources * len(groups))
    sums = sums.reshape(n_sources, len(groups))
    most = np.array([(sums[0] + sums[1]).max(initial=0.0), 0.0, sums[2].max(initial=0.0)])
    most[1] = most[0]
    source_weights = np.array([getattr(inputs.model.source_weights, source) for source in NEIGHBOUR_SOURCES])
    found = Neighbours(
        sources=sources,
        seeds=np.repeat(seed_of, lengths),
        candidates=candidates,
        groups=groups,
        amounts=amounts * np.divide(source_weights, most, out=np.zeros(n_sources), where=most > 0)[sources],
    )
    return _with_seeds(found, seeds, inputs.model.seen_again)


def _with_seeds(found: Neighbours, seeds: dict[int, float], seen_again: float | None) -> Neighbours:
    """Let each seed speak for itself as well, where what was seen is worth showing again; take it out for None."""
    if seen_again == 0:
        return found
    own = np.fromiter(seeds, dtype=np.intp, count=len(seeds))
    if seen_again is None:
        return msgspec.structs.replace(found, amounts=np.where(np.isin(found.candidates, own), 0.0, found.amounts))
    candidates = np.append(found.candidates, own)
    return Neighbours(
        sources=np.append(found.sources, np.full(len(own), SEEN_AGAIN)),
        seeds=np.append(found.seeds, np.arange(len(own))),
        candidates=candidates,
        groups=_places(candidates, candidates, np.arange(len(candidates))),
        amounts=np.append(found.amounts, seen_again * np.fromiter(seeds.values(), dtype=np.float64, count=len(seeds))),
    )


def _places(wanted: npt.NDArray[np.intp], known: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Look up the place of each of `wanted` (numbers from 0) among `known`, -1 where it is not one of them.

    By a table instead of by sorting: it is as long as the highest number, but only the parts that are used cost anything.
    """
    table = np.empty(max(wanted.max(initial=-1), known.max(initial=-1)) + 1, dtype=np.intp)
    table[wanted] = -1
    table[known] = places
    return table[wanted]


def _of_neighbours(neighbours: Neighbours, products: Sequence[Product]) -> Contributions:
    """Take the neighbours that are among `products`."""
    indexes = np.array([product.product_index for product in products], dtype=np.intp)
    positions = _places(neighbours.candidates, indexes, np.arange(len(products)))
    known = positions >= 0
    return Contributions(
        positions=positions[known],
        sources=neighbours.sources[known],
        causes=neighbours.seeds[known],
        amounts=neighbours.amounts[known],
    )


def _own(signals: Signals, products: Sequence[Product], *, inputs: RankingInputs, now: datetime) -> Contributions:
    """Compute the parts of PRODUCT_SOURCES."""
    interests = {category: _interest(category, signals) for category in {product.category for product in products}}
    trends = {category: signals.category_trends.get(category or "", {}) for category in interests}
    # What the best product of the best category gets, so that the source is scaled to [0, 1].
    most = max(
        (_interest(path, signals)[1] * max(trend.values()) for path, trend in signals.category_trends.items() if trend),
        default=0.0,
    )
    most = most or 1.0
    columns: dict[Source, npt.ArrayLike] = {
        "segment_trend": [signals.segment_trend.get(product.product_index, 0.0) for product in products],
        "category_interest": [
            interests[product.category][1]
            * (UNTRIED + (1 - UNTRIED) * trends[product.category].get(product.product_index, 0.0) / most)
            for product in products
        ],
        "price_fit": price_fit_scores(products, inputs),
        "new": newness(products, now=now),
        "popular": [signals.popularity.get(product.product_index, 0.0) for product in products],
    }
    source_weights = inputs.model.source_weights
    amounts = np.stack(
        [getattr(source_weights, source) * np.asarray(columns[source], dtype=np.float64) for source in PRODUCT_SOURCES]
    )
    rows, positions = np.nonzero(amounts)
    paths = {path: place for place, path in enumerate(signals.interests, start=len(signals.past))}
    path_of = np.array([paths.get(interests[product.category][0] or "", NO_CAUSE) for product in products], dtype=np.intp)
    return Contributions(
        positions=positions,
        sources=rows + len(NEIGHBOUR_SOURCES),
        causes=np.where(rows == PRODUCT_SOURCES.index("category_interest"), path_of[positions], NO_CAUSE),
        amounts=amounts[rows, positions],
    )


def newness(products: Sequence[Product], *, now: datetime) -> npt.NDArray[np.float64]:
    """Give (n,) values: 1 for a product made `now`, 1/2 after 30 days, falling on as 1 / (1 + age / 30 days)."""
    created_at = np.array([product.created_at for product in products], dtype=np.float64)
    age_days = np.maximum(to_microseconds(now) - created_at, 0.0) / DAY
    return 1.0 / (1.0 + age_days / NEW_DAYS)


def price_fit_scores(products: Sequence[Product], inputs: RankingInputs) -> npt.NDArray[np.float64]:
    """Tell how usual prices are for the customer's segment, (n,) values in [0, 1].

    A Gaussian of the log ratio to the median price of the product's category; 0 where a price or its median is unknown.
    """
    segment, _ = segment_of(inputs.segment_inputs)
    usual = inputs.model.price_fit.get(segment)
    if usual is None:
        return np.zeros(len(products))
    medians = inputs.model.median_prices
    ratios = np.array([(product.price or 0.0) / medians.get(product.category or "", np.inf) for product in products])
    known = ratios > 0
    distance = (np.log(ratios, out=np.zeros(len(products)), where=known) - usual.mean) / usual.deviation
    return np.exp(-0.5 * distance * distance) * known


def _interests(past: dict[int, Product], seeds: dict[int, float]) -> dict[str, float]:
    """Weigh category paths by the seeds in them, the strongest at 1; upper levels get their share of the path."""
    weights: defaultdict[str, float] = defaultdict(float)
    for index, weight in seeds.items():
        levels = category_levels(past[index].category)
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


def _similar_without_lists(signals: Signals, products: Sequence[Product], inputs: RankingInputs) -> Contributions:
    """Compare by content where training has not: seeds without a list with all, the others with what is new since.

    Training never saw these pairs, so nothing counts twice.
    """
    strongest = sorted(signals.seeds, key=lambda index: (-signals.seeds[index], index))[:N_CONTENT_SEEDS]
    listed = {entry.product_index for entry in inputs.neighbours if entry.similar_product}
    is_listed = np.array([index in listed for index in strongest], dtype=np.bool_)
    indexes = np.array([product.product_index for product in products], dtype=np.intp)
    is_new = indexes > inputs.model.newest_product_index
    if is_listed.all() and not is_new.any():
        return NO_CONTRIBUTIONS
    words = inputs.model.words
    similarity = content.similarity(
        content.features([signals.past[index] for index in strongest], words), content.features(products, words)
    )
    unseen = (is_new | ~is_listed[:, None]) & (indexes != np.array(strongest, dtype=np.intp)[:, None])
    rows, positions = np.nonzero(unseen & (similarity >= MIN_SIMILARITY))
    places = {index: place for place, index in enumerate(signals.past)}
    weights = np.array([signals.seeds[index] for index in strongest])
    return Contributions(
        positions=positions,
        sources=np.full(len(rows), NEIGHBOUR_SOURCES.index("similar_product")),
        causes=np.array([places[index] for index in strongest], dtype=np.intp)[rows],
        amounts=inputs.model.source_weights.similar_product * weights[rows] * similarity[rows, positions],
    )


@lru_cache(maxsize=4096)
def _weights(packed: bytes) -> Mapping[int, float]:
    entries = unpack(packed)
    return dict(zip(entries["product_index"].tolist(), entries["weight"].tolist(), strict=True))
