"""Evidence in, a list with reasons out: the only composer of the sources.

It takes two steps with one look at the catalogue between them: `shortlist` says which products are worth looking at, and
`recommend` scores those that are there. A score is the sum of its parts, one for each source and cause; every source is
scaled to [0, 1] before it is weighted, so that a part is `blend weight x scaled source`.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct

from domain.ranking.contributions import sources_in, unpacked
from domain.ranking.diversity import diversified
from domain.ranking.inputs import CandidateQuery, Evidence
from domain.ranking.interests import category_interests
from domain.ranking.reasons import reasons_of
from domain.ranking.signals import NEIGHBOUR_SOURCES, Signals, counted_from, score, signals_of
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

N_NEIGHBOURS = 100
N_TREND = 20
N_CATEGORY_TREND = 10
N_NEWEST = 4
N_INTERESTS = 5
LEAST_SEGMENT_EVENTS = 50

PERSONAL: frozenset[Source] = frozenset({*NEIGHBOUR_SOURCES, "category_interest"})


class Shortlist(Struct, frozen=True, kw_only=True):
    """The products to look up, and what was weighed to choose them."""

    query: CandidateQuery
    signals: Signals


def shortlist(evidence: Evidence, *, request: ListRequest) -> Shortlist:
    """Choose the products that scoring wants to see: the best by neighbours, by trend, and the newest of the interests."""
    signals = signals_of(evidence)
    indexes = dict.fromkeys(signals.neighbours.best(None if request.is_filtered else N_NEIGHBOURS))
    for trend, n in (
        (signals.segment_trend, N_TREND),
        (signals.popularity, N_TREND),
        *((trend, N_CATEGORY_TREND) for trend in signals.category_trends.values()),
    ):
        # Filters leave few of these, so that they are asked about all.
        indexes.update(dict.fromkeys(islice(trend, None if request.is_filtered else n)))
    interests = category_interests(
        evidence.history, counted_from=counted_from(evidence), half_life_days=evidence.model.recipe.interest_days
    )
    query = CandidateQuery(
        product_indexes=tuple(indexes),
        categories=tuple(interest.category for interest in interests[:N_INTERESTS]),
        n_newest=N_NEWEST,
        n_fill=_length(request),
        seen=frozenset(evidence.bought),
        request=request,
    )
    return Shortlist(query=query, signals=signals)


def recommend(evidence: Evidence, shortlisted: Shortlist, products: Sequence[Product], *, now: datetime) -> ScoredList:
    """Rank `products`, those found of the shortlist: as many as a stored list has, or as a filtered request asks for."""
    request = shortlisted.query.request
    admitted = eligible(products, evidence)
    scores = score(shortlisted.signals, admitted, evidence=evidence, now=now)
    chosen = diversified(admitted, scores.totals, k=_length(request), variety=evidence.model.variety)
    parts = scores.parts.packed([position for position, _ in chosen])
    segment, _ = segment_of(evidence.standing)
    return ScoredList(
        customer_id=evidence.customer_id,
        segment=segment,
        strategy=_strategy(evidence, shortlisted.signals, parts, request=request),
        generated_at=now,
        causes=scores.causes,
        items=[
            ScoredProduct(product=admitted[position], score=value, parts=own)
            for (position, value), own in zip(chosen, parts, strict=True)
        ],
    )


def eligible(products: Sequence[Product], evidence: Evidence) -> list[Product]:
    """Keep the products that the customer may be shown: not what was bought, but for what is rebought and due."""
    bought = evidence.bought
    seen = {event.product.product_index for event in evidence.history} if evidence.model.seen_again is None else ()
    return [
        product
        for product in products
        if (product.product_id not in bought or _may_return(product, evidence)) and product.product_index not in seen
    ]


def shown(made: ScoredList, *, request: ListRequest) -> RecommendationList:
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


def _may_return(product: Product, evidence: Evidence) -> bool:
    """Tell whether a product that was bought may be shown again."""
    interval = evidence.model.rebuy_days.get(product.category or "")
    return interval is not None and counted_from(evidence) - evidence.bought[product.product_id] >= interval * DAY


def _strategy(evidence: Evidence, signals: Signals, parts: Sequence[bytes], *, request: ListRequest) -> Strategy:
    """Say what a list rests on: the first of the levels that holds."""
    segment, _ = segment_of(evidence.standing)
    if not PERSONAL.isdisjoint(sources_in(parts)):
        return "personalised"
    if signals.segment_trend and evidence.model.segment_events.get(segment, 0) >= LEAST_SEGMENT_EVENTS:
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
        reasons=reasons_of(unpacked(item.parts, causes=causes)),
    )
