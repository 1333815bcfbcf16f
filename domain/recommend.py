"""Evidence in, a list with reasons out: the only composer of the sources.

It takes two steps with one look at the catalogue between them: `shortlist` says which products are worth looking at, and
`recommend` scores those that are there. A score is the sum of its parts, one for each source and cause; every source is
scaled to [0, 1] before it is weighted, so that a part is `blend weight x scaled source`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from domain.customers import segment_of
from domain.evidence import CandidateQuery, Evidence
from domain.interactions import DAY
from domain.interests import category_interests
from domain.products import Product
from domain.ranking import diversified
from domain.reasons import Cause, reasons_of
from domain.recommendations import (
    STORED_LENGTH,
    ListRequest,
    RecommendationList,
    RecommendedProduct,
    Source,
    Strategy,
)
from domain.scoring import NEIGHBOUR_SOURCES, Signals, counted_from, score, signals_of

N_NEIGHBOURS = 200
N_TREND = 60
N_NEWEST = 10
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
    n_trend = None if request.is_filtered else N_TREND
    indexes = dict.fromkeys(signals.neighbours.best(N_NEIGHBOURS))
    for trend in (signals.segment_trend, signals.popularity, *signals.category_trends.values()):
        indexes.update(dict.fromkeys(list(trend)[:n_trend]))
    interests = category_interests(
        evidence.history, counted_from=counted_from(evidence), half_life_days=evidence.model.half_life_days
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


def recommend(
    evidence: Evidence, shortlisted: Shortlist, products: Sequence[Product], *, now: datetime
) -> RecommendationList:
    """Rank `products`, those found of the shortlist: as many as a stored list has, or as a filtered request asks for.

    Products that the customer bought are left out, unless their category is rebought and its usual interval has passed.
    """
    request = shortlisted.query.request
    eligible = [product for product in products if _may_return(product, evidence)]
    scores = score(shortlisted.signals, eligible, evidence=evidence, now=now)
    chosen = diversified(eligible, scores.totals.tolist(), k=_length(request))
    causes = scores.parts_of([position for position, _ in chosen])
    segment, _ = segment_of(evidence.standing)
    return RecommendationList(
        customer_id=evidence.customer_id,
        segment=segment,
        strategy=_strategy(evidence, shortlisted.signals, causes, request=request),
        generated_at=now,
        cached=False,
        items=[
            _item(rank, eligible[position], value, parts)
            for rank, ((position, value), parts) in enumerate(zip(chosen, causes, strict=True), start=1)
        ],
    )


def _length(request: ListRequest) -> int:
    return request.limit if request.is_filtered else STORED_LENGTH


def _may_return(product: Product, evidence: Evidence) -> bool:
    bought_at = evidence.bought.get(product.product_id)
    if bought_at is None:
        return True
    interval = evidence.model.rebuy_days.get(product.category or "")
    return interval is not None and counted_from(evidence) - bought_at >= interval * DAY


def _strategy(
    evidence: Evidence, signals: Signals, causes: Sequence[Mapping[Cause, float]], *, request: ListRequest
) -> Strategy:
    """Say what a list rests on: the first of the levels that holds."""
    segment, _ = segment_of(evidence.standing)
    if any(source in PERSONAL for parts in causes for source, _ in parts):
        return "personalised"
    if signals.segment_trend and evidence.model.segment_events.get(segment, 0) >= LEAST_SEGMENT_EVENTS:
        return "segment"
    if signals.popularity:
        return "popular"
    return "catalogue" if causes or request.is_filtered else "empty"


def _item(rank: int, product: Product, value: float, parts: Mapping[Cause, float]) -> RecommendedProduct:
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
        score=round(value, 6),
        reasons=reasons_of(parts),
    )
