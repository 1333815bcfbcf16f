"""Evidence in, a list with reasons out: the only composer of the sources.

It takes two steps with one look at the catalogue between them: `shortlist` says which products are worth looking at, and
`recommend` scores those that are there. A score is the sum of its parts, one for each source and cause; every source is
scaled to [0, 1] before it is weighted, so that a part is `blend weight x scaled source`.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct

from domain.ranking.contributions import sources_in, unpack_contributions
from domain.ranking.diversity import rerank
from domain.ranking.inputs import CandidateQuery, RankingInputs
from domain.ranking.interests import category_interests
from domain.ranking.reasons import reasons_of
from domain.ranking.signals import NEIGHBOUR_SOURCES, Signals, compute_signals, reference_time, score
from domain.records.customers import segment_of
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
N_INTERESTS = 5
MIN_SEGMENT_EVENTS = 50

PERSONAL_SOURCES: frozenset[Source] = frozenset({*NEIGHBOUR_SOURCES, "category_interest"})


class Shortlist(Struct, frozen=True, kw_only=True):
    """The products to look up, and what was weighed to choose them."""

    query: CandidateQuery
    signals: Signals


def shortlist(inputs: RankingInputs, *, request: ListRequest) -> Shortlist:
    """Choose the products that scoring wants to see: the best by neighbours, by trend, and the newest of the interests."""
    signals = compute_signals(inputs)
    indexes = dict.fromkeys(signals.neighbours.best(None if request.is_filtered else N_NEIGHBOUR_CANDIDATES))
    for trend, n in (
        (signals.segment_trend, N_POPULAR_CANDIDATES),
        (signals.popularity, N_POPULAR_CANDIDATES),
        *((trend, N_CATEGORY_CANDIDATES) for trend in signals.category_trends.values()),
    ):
        # Filters leave few of these, so that they are asked about all.
        indexes.update(dict.fromkeys(islice(trend, None if request.is_filtered else n)))
    interests = category_interests(
        inputs.history,
        reference_time=reference_time(inputs),
        half_life_days=inputs.model.hyperparameters.interest_days,
    )
    query = CandidateQuery(
        product_indexes=tuple(indexes),
        categories=tuple(interest.category for interest in interests[:N_INTERESTS]),
        n_newest=N_NEWEST_CANDIDATES,
        n_fill=_length(request),
        seen=frozenset(inputs.bought),
        request=request,
    )
    return Shortlist(query=query, signals=signals)


def recommend(inputs: RankingInputs, shortlisted: Shortlist, products: Sequence[Product], *, now: datetime) -> ScoredList:
    """Rank `products`, those found of the shortlist: as many as a stored list has, or as a filtered request asks for."""
    request = shortlisted.query.request
    admitted = eligible(products, inputs)
    scores = score(shortlisted.signals, admitted, inputs=inputs, now=now)
    chosen = rerank(admitted, scores.totals, k=_length(request), variety=inputs.model.variety)
    parts = scores.contributions.packed([position for position, _ in chosen])
    segment, _ = segment_of(inputs.segment_inputs)
    return ScoredList(
        customer_id=inputs.customer_id,
        segment=segment,
        strategy=_strategy(inputs, shortlisted.signals, parts, request=request),
        generated_at=now,
        causes=scores.causes,
        items=[
            ScoredProduct(product=admitted[position], score=value, parts=own)
            for (position, value), own in zip(chosen, parts, strict=True)
        ],
    )


def eligible(products: Sequence[Product], inputs: RankingInputs) -> list[Product]:
    """Keep the products that the customer may be shown: not what was bought, but for what is rebought and due."""
    bought = inputs.bought
    seen = {event.product.product_index for event in inputs.history} if inputs.model.seen_again is None else ()
    return [
        product
        for product in products
        if (product.product_id not in bought or _may_return(product, inputs)) and product.product_index not in seen
    ]


def to_response(made: ScoredList, *, request: ListRequest) -> RecommendationList:
    """Show the first `limit` products that pass the filters of `request`, ranked from 1, with their reasons."""
    admitted = (item for item in made.items if request.admits(item.product))
    return RecommendationList(
        customer_id=made.customer_id,
        segment=made.segment,
        strategy=made.strategy,
        generated_at=made.generated_at,
        cached=False,
        items=[_item(rank, item, causes=made.causes) for rank, item in enumerate(islice(admitted, request.limit), start=1)],
    )


def _length(request: ListRequest) -> int:
    return request.limit if request.is_filtered else STORED_LENGTH


def _may_return(product: Product, inputs: RankingInputs) -> bool:
    """Tell whether a product that was bought may be shown again."""
    interval = inputs.model.rebuy_days.get(product.category or "")
    return interval is not None and reference_time(inputs) - inputs.bought[product.product_id] >= interval * DAY


def _strategy(inputs: RankingInputs, signals: Signals, parts: Sequence[bytes], *, request: ListRequest) -> Strategy:
    """Say what a list rests on: the first of the levels that holds."""
    segment, _ = segment_of(inputs.segment_inputs)
    if not PERSONAL_SOURCES.isdisjoint(sources_in(parts)):
        return "personalised"
    if signals.segment_trend and inputs.model.segment_events.get(segment, 0) >= MIN_SEGMENT_EVENTS:
        return "segment"
    if signals.popularity:
        return "popular"
    return "catalogue" if parts or request.is_filtered else "empty"


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
        reasons=reasons_of(unpack_contributions(item.parts, causes=causes)),
    )
