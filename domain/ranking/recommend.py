"""Compose the sources into a ranked list with reasons.

There are two steps with one catalogue query between them: `shortlist` decides which products to score, and `recommend`
scores and ranks those that exist. A score is the sum of its contributions; every source is scaled to [0, 1] and then
multiplied by its weight.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.content_similarity import similar_without_lists
from domain.ranking.contributions import SOURCE_INDEX, Contributions, concatenate
from domain.ranking.diversity import best_variants, groups_of, rerank
from domain.ranking.features import feature_values
from domain.ranking.indexes import Indexes, positions_in, union
from domain.ranking.inputs import CandidateQuery, RankingInputs
from domain.ranking.interests import newest_products
from domain.ranking.neighbour_scores import NEIGHBOUR_SOURCES
from domain.ranking.own_scores import own_scores
from domain.ranking.product_scores import on_trial, product_scores
from domain.ranking.quotas import MAX_OWN, Marks, Quota, fill_places
from domain.ranking.rules import NO_RULES, ListRules, Pin, seated, seated_scores, without
from domain.ranking.shapes import shaped
from domain.ranking.signals import Signals, compute_signals
from domain.records.recommendations import MAX_LIMIT, SOURCES, ListRequest, Source, Strategy

N_NEIGHBOUR_CANDIDATES = 100
N_OWN_CANDIDATES = 20
N_POPULAR_CANDIDATES = 20
N_CATEGORY_CANDIDATES = 10
N_NEWEST_CANDIDATES = 4
N_NEWEST_OF_SHOP = 10
MIN_SEGMENT_EVENTS = 50

PERSONAL_SOURCES: frozenset[Source] = frozenset({*NEIGHBOUR_SOURCES, "category_interest"})
SEEN_AGAIN_SOURCE: Source = "viewed_together"
"""The source of a product of the history that is its own cause."""


class Shortlist(Struct, frozen=True, kw_only=True):
    """The products to look up, and the signals that chose them."""

    query: CandidateQuery
    signals: Signals


class Scores(Struct, frozen=True, kw_only=True):
    """The scores of n products, ascending by index.

    `by_source` (8 + n_own, n) are the sums of the contributions of each of SOURCES and of the own sources, and `seen_again`
    (n,) what products of the history get for themselves. `similar` are those that come from comparing content, with
    positions in the products. `factors` (3, n) are what became of each contribution of a neighbour source, by shapes and by
    the share that the product keeps; None where all are 1.
    """

    products: Indexes
    by_source: npt.NDArray[np.float64]
    factors: npt.NDArray[np.float64] | None
    seen_again: npt.NDArray[np.float64]
    similar: Contributions

    @property
    def totals(self) -> npt.NDArray[np.float64]:
        return self.by_source.sum(axis=0) + self.seen_again


class Ranking(Struct, frozen=True, kw_only=True):
    """A ranked list: `positions` (k,) index the products of `scores`, `values` (k,) are the scores after reranking.

    `gains` (k,) are what the `rules` added to the scores, and `pins` those of the list by rank, from 0.
    """

    inputs: RankingInputs
    signals: Signals
    scores: Scores
    positions: Indexes
    values: npt.NDArray[np.float64]
    strategy: Strategy
    generated_at: datetime
    rules: ListRules
    gains: npt.NDArray[np.float64]
    pins: dict[int, Pin]

    @property
    def products(self) -> Indexes:
        """The product indexes, best first."""
        return self.scores.products[self.positions]


def shortlist(inputs: RankingInputs, *, request: ListRequest, rules: ListRules = NO_RULES) -> Shortlist:
    """Choose the products to score: the best neighbours, the most popular, the newest of top categories, and pinned ones."""
    signals = compute_signals(inputs, request=request)
    # Filters remove many candidates, so a filtered request considers all of them.
    n_neighbours, n_own, n_popular, n_category = (
        (None, None, None, None)
        if request.is_filtered
        else (N_NEIGHBOUR_CANDIDATES, N_OWN_CANDIDATES, N_POPULAR_CANDIDATES, N_CATEGORY_CANDIDATES)
    )
    pieces = [
        signals.neighbours.best(n_neighbours, without=inputs.history.own),
        signals.neighbours.best_of(signals.own, n_own),
        signals.segment_trend.best_first[:n_popular],
        signals.popularity.best_first[:n_popular],
        *(trend.best_first[:n_category] for trend in signals.category_trends.values()),
        rules.pinned,
    ]
    if inputs.model.config.seen_again:
        pieces.append(np.intersect1d(inputs.history.products, signals.own, assume_unique=True))
    query = CandidateQuery(
        product_indexes=union(*pieces),
        categories=signals.top_categories,
        n_newest=N_NEWEST_CANDIDATES,
        n_newest_of_shop=0 if request.is_filtered else N_NEWEST_OF_SHOP,
        n_fill=MAX_LIMIT,
        own=inputs.history.own,
        request=request,
    )
    return Shortlist(query=query, signals=signals)


def recommend(
    inputs: RankingInputs, shortlisted: Shortlist, candidates: Indexes, *, now: datetime, rules: ListRules = NO_RULES
) -> Ranking:
    """Rank the first `limit` of `candidates`, the catalogue's answer to the shortlist, ascending."""
    request, signals = shortlisted.query.request, shortlisted.signals
    scores = score(signals, rules.kept(eligible(candidates, inputs, signals)), inputs=inputs, now=now)
    before = scores.totals
    totals = rules.apply(scores.products, before)
    pins = rules.pins_among(scores.products, inputs.catalogue)
    # A product without a positive score has no reason to be shown.
    positive = np.flatnonzero(totals > 0)
    if pins:
        positive = positions_in(scores.products, without(scores.products[positive], pins, inputs.catalogue))
    positive = positive[best_variants(totals[positive], inputs.catalogue, scores.products[positive])]
    is_own = inputs.catalogue.are_variants(scores.products[positive], signals.own)
    marks = Marks(own=is_own, on_trial=on_trial(scores.products[positive], inputs, now=now))
    k = request.limit
    order, values = rerank(
        totals[positive],
        groups_of(inputs.catalogue, scores.products[positive]),
        # Own products beyond their quota give their places to others.
        k=min(k + int(np.count_nonzero(is_own)), len(positive)),
        variety=inputs.model.config.variety_for(has_history=len(inputs.history.occurred_at) > 0),
    )
    places = fill_places(
        order,
        values,
        marks.take(order),
        quota=Quota(max_own=MAX_OWN if request.seen == "few" else k, min_on_trial=inputs.model.config.trial_places),
        k=k,
    )
    positions = positive[places.positions]
    scores.by_source[SOURCE_INDEX["new"], positions] += places.bonuses
    values, pinned = places.scores, dict[int, Pin]()
    if pins:
        positions, values, pinned = _with_pins(positions, values, pins, products=scores.products, k=k)
    return Ranking(
        inputs=inputs,
        signals=signals,
        scores=scores,
        positions=positions,
        values=values,
        strategy=_strategy(inputs, signals, scores.by_source[:, positions]),
        generated_at=now,
        rules=rules,
        gains=totals[positions] - before[positions],
        pins=pinned,
    )


def _with_pins(
    positions: Indexes, values: npt.NDArray[np.float64], pins: Sequence[Pin], *, products: Indexes, k: int
) -> tuple[Indexes, npt.NDArray[np.float64], dict[int, Pin]]:
    """Return the positions and scores of the first `k` places with pins in theirs, and the pins by rank."""
    places = seated(list(zip(positions.tolist(), values.tolist(), strict=True)), pins, k=k)
    found = [int(np.searchsorted(products, place.product)) if isinstance(place, Pin) else place[0] for place in places]
    scores = seated_scores([place if isinstance(place, Pin) else place[1] for place in places])
    pinned = {rank: place for rank, place in enumerate(places) if isinstance(place, Pin)}
    return np.array(found, dtype=np.intp), np.array(scores), pinned


def score(signals: Signals, products: Indexes, *, inputs: RankingInputs, now: datetime) -> Scores:
    """Add up the contributions of all sources to each of `products`, which are ascending."""
    by_source = np.concatenate([
        signals.neighbours.of(products),
        product_scores(signals, products, inputs=inputs, now=now),
        own_scores(products, inputs, weights=signals.weights, now=now),
    ])  # fmt: skip
    similar = similar_without_lists(products, inputs, seeds=signals.seeds, weight=signals.unshaped.similar_product)
    np.add.at(by_source[SOURCE_INDEX["similar_product"]], similar.positions, similar.amounts)
    factors = None
    if signals.shapes:
        unshaped = by_source[: len(NEIGHBOUR_SOURCES)].copy()
        names = [shape.feature for shape in signals.shapes]
        values = feature_values(signals, products, by_source, inputs=inputs, names=names)
        for source, own in shaped(values, signals.shapes, signals.weights).items():
            by_source[SOURCE_INDEX[source]] = own
        factors = np.divide(by_source[: len(unshaped)], unshaped, out=np.ones_like(unshaped), where=unshaped > 0)
    seen_again = np.zeros(len(products))
    if inputs.model.config.seen_again:
        seeds = np.append(signals.seeds, 0.0)[positions_in(inputs.history.products, products)]
        seen_again = inputs.model.config.seen_again * seeds
    if (share := inputs.model.config.newest_share) != 1.0:
        is_newest = inputs.catalogue.are_variants(products, newest_products(inputs.history))
        shares = np.where(is_newest, share, 1.0)
        by_source *= shares
        seen_again *= shares
        factors = shares * (np.ones((len(NEIGHBOUR_SOURCES), 1)) if factors is None else factors)
    return Scores(products=products, by_source=by_source, factors=factors, seen_again=seen_again, similar=similar)


def eligible(candidates: Indexes, inputs: RankingInputs, signals: Signals) -> Indexes:
    """Return the candidates that the list may contain."""
    return candidates[~inputs.catalogue.are_variants(candidates, signals.excluded)]


def contributions_to(ranking: Ranking) -> Contributions:
    """Return the contributions of products of the history to the ranked products."""
    contributions = concatenate(
        ranking.signals.neighbours.contributions_to(ranking.products), ranking.scores.similar.to(ranking.positions)
    )
    if ranking.scores.factors is None:
        return contributions
    factors = ranking.scores.factors[contributions.sources, ranking.positions[contributions.positions]]
    return replace(contributions, amounts=contributions.amounts * factors)


def _strategy(inputs: RankingInputs, signals: Signals, by_source: npt.NDArray[np.float64]) -> Strategy:
    """Return the most specific basis of a list, from the contributions (8 + n_own, k) to its products.

    Own sources count like `popular`.
    """
    n_sources = len(SOURCES)
    sources = {SOURCES[row] for row in np.flatnonzero(by_source[:n_sources].any(axis=1)).tolist()}
    if not PERSONAL_SOURCES.isdisjoint(sources):
        return "personalised"
    if "segment_trend" in sources and inputs.model.segment_events.get(signals.segment, 0) >= MIN_SEGMENT_EVENTS:
        return "segment"
    if "popular" in sources or by_source[n_sources:].any():
        return "popular"
    return "catalogue" if by_source.shape[1] else "empty"
