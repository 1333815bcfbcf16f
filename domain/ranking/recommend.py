"""Compose the sources into a ranked list with reasons.

There are two steps with one catalogue query between them: `shortlist` decides which products to score, and `recommend`
scores and ranks those that exist. A score is the sum of its contributions; every source is scaled to [0, 1] and then
multiplied by its weight.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.content_similarity import similar_without_lists
from domain.ranking.contributions import Contributions, concatenate, sources_in, unpack_contributions
from domain.ranking.diversity import rerank
from domain.ranking.inputs import CandidateQuery, RankingInputs
from domain.ranking.neighbour_scores import NEIGHBOUR_SOURCES
from domain.ranking.product_scores import product_scores
from domain.ranking.reasons import reasons_of
from domain.ranking.signals import Signals, compute_signals
from domain.records.products import Product
from domain.records.recommendations import (
    STORED_LENGTH,
    ListRequest,
    RecommendationList,
    RecommendedProduct,
    ScoredList,
    ScoredProduct,
    Source,
    Strategy,
)
from domain.records.values import DAY

N_NEIGHBOUR_CANDIDATES = 100
N_POPULAR_CANDIDATES = 20
N_CATEGORY_CANDIDATES = 10
N_NEWEST_CANDIDATES = 4
MIN_SEGMENT_EVENTS = 50

PERSONAL_SOURCES: frozenset[Source] = frozenset({*NEIGHBOUR_SOURCES, "category_interest"})


class Shortlist(Struct, frozen=True, kw_only=True):
    """The products to look up, and the signals that chose them."""

    query: CandidateQuery
    signals: Signals


class Scores(Struct, frozen=True, kw_only=True):
    """The totals (n,) of n products, and the contributions behind them, which index `causes`."""

    totals: npt.NDArray[np.float64]
    contributions: Contributions
    causes: list[str]


def shortlist(inputs: RankingInputs, *, request: ListRequest) -> Shortlist:
    """Choose the products to score: the best neighbours, the most popular, and the newest of the categories of interest."""
    signals = compute_signals(inputs, request=request)
    # Filters remove many candidates, so a filtered request considers all of them.
    indexes = dict.fromkeys(signals.neighbours.best(None if request.is_filtered else N_NEIGHBOUR_CANDIDATES))
    for trend, n in (
        (signals.segment_trend, N_POPULAR_CANDIDATES),
        (signals.popularity, N_POPULAR_CANDIDATES),
        *((trend, N_CATEGORY_CANDIDATES) for trend in signals.category_trends.values()),
    ):
        indexes.update(dict.fromkeys(islice(trend, None if request.is_filtered else n)))
    query = CandidateQuery(
        product_indexes=tuple(indexes),
        categories=signals.top_categories,
        n_newest=N_NEWEST_CANDIDATES,
        n_fill=_length(request),
        seen=frozenset(inputs.bought),
        request=request,
    )
    return Shortlist(query=query, signals=signals)


def recommend(inputs: RankingInputs, shortlisted: Shortlist, products: Sequence[Product], *, now: datetime) -> ScoredList:
    """Rank `products`, the catalogue's answer to the shortlist: 100 for a list to store, `limit` for a filtered request."""
    request, signals = shortlisted.query.request, shortlisted.signals
    candidates = eligible(products, inputs, shortlisted)
    scores = score(signals, candidates, inputs=inputs, now=now)
    # A product without a positive score has no reason to be shown.
    positive = np.flatnonzero(scores.totals > 0)
    chosen = [
        (int(positive[position]), value)
        for position, value in rerank(
            [candidates[position] for position in positive.tolist()],
            scores.totals[positive],
            k=_length(request),
            variety=inputs.model.config.variety,
        )
    ]
    contributions = scores.contributions.packed([position for position, _ in chosen])
    return ScoredList(
        customer_id=inputs.customer_id,
        segment=signals.segment,
        strategy=_strategy(inputs, signals, contributions),
        generated_at=now,
        causes=scores.causes,
        items=[
            ScoredProduct(product=candidates[position], score=value, contributions=own)
            for (position, value), own in zip(chosen, contributions, strict=True)
        ],
    )


def score(signals: Signals, products: Sequence[Product], *, inputs: RankingInputs, now: datetime) -> Scores:
    """Add up the contributions of all sources to each of `products`."""
    contributions = concatenate(
        product_scores(signals, products, model=inputs.model, now=now),
        signals.neighbours.of(products),
        similar_without_lists(
            products, inputs, past=signals.past, seeds=signals.seeds, weight=signals.weights.similar_product
        ),
    )
    return Scores(
        totals=contributions.totals(len(products)),
        contributions=contributions,
        causes=[*(product.product_id for product in signals.past.values()), *signals.interests],
    )


def eligible(products: Sequence[Product], inputs: RankingInputs, shortlisted: Shortlist) -> list[Product]:
    """Return the products that the list may contain.

    A bought product returns only when its category is rebought and due. With `seen` = exclude, nothing of the history or
    of the purchases returns.
    """
    signals = shortlisted.signals
    if shortlisted.query.request.seen == "exclude":
        return [
            product
            for product in products
            if product.product_id not in inputs.bought and product.product_index not in signals.past
        ]
    return [
        product
        for product in products
        if product.product_id not in inputs.bought or _is_due(product, inputs, reference_time=signals.reference_time)
    ]


def to_response(scored: ScoredList, *, request: ListRequest) -> RecommendationList:
    """Return the first `limit` products that pass the filters of `request`, ranked from 1, with their reasons."""
    admitted = list(islice((item for item in scored.items if request.admits(item.product)), request.limit))
    return RecommendationList(
        customer_id=scored.customer_id,
        segment=scored.segment,
        strategy=scored.strategy if admitted else "empty",
        generated_at=scored.generated_at,
        cached=False,
        items=[_item(rank, item, causes=scored.causes) for rank, item in enumerate(admitted, start=1)],
    )


def _length(request: ListRequest) -> int:
    return request.limit if request.is_filtered else STORED_LENGTH


def _is_due(product: Product, inputs: RankingInputs, *, reference_time: int) -> bool:
    """Return whether the usual rebuy interval of a bought product has passed."""
    interval = inputs.model.rebuy_days.get(product.category or "")
    return interval is not None and reference_time - inputs.bought[product.product_id] >= interval * DAY


def _strategy(inputs: RankingInputs, signals: Signals, contributions: Sequence[bytes]) -> Strategy:
    """Return the most specific basis of a list, from the contributions to its products."""
    sources = sources_in(contributions)
    if not PERSONAL_SOURCES.isdisjoint(sources):
        return "personalised"
    if "segment_trend" in sources and inputs.model.segment_events.get(signals.segment, 0) >= MIN_SEGMENT_EVENTS:
        return "segment"
    if "popular" in sources:
        return "popular"
    return "catalogue" if contributions else "empty"


def _item(rank: int, item: ScoredProduct, *, causes: Sequence[str]) -> RecommendedProduct:
    product = item.product
    return RecommendedProduct(
        rank=rank,
        product_id=product.product_id,
        name=product.name,
        category=product.category,
        brand=product.brand,
        price=product.price,
        currency=product.currency,
        url=product.url,
        image_url=product.image_url,
        score=round(item.score, 6),
        reasons=reasons_of(unpack_contributions(item.contributions, causes=causes), product_id=product.product_id),
    )
