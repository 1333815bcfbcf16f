"""Signals: the customer's segment, interests and trends, computed once per list."""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from domain.ranking.inputs import RankingInputs
from domain.ranking.interests import category_interests, path_interests, product_weights
from domain.ranking.model import SourceWeights
from domain.ranking.neighbour_scores import NeighbourScores, neighbour_scores
from domain.ranking.packing import unpack
from domain.records.customers import Segment, segment_of
from domain.records.products import Product
from domain.records.recommendations import ListRequest

N_INTERESTS = 5


class Signals(Struct, frozen=True, kw_only=True):
    """The customer's segment, history and interests, the source weights, and the trends that apply to them.

    `past` has the products of the history by product index, newest first; `seeds` their weights in [0, 1]. `interests` are
    in [0, 1] by category path; `top_categories` are the categories of most interest. Trends are weights in [0, 1] by
    product index. Ages count from `reference_time`, in microseconds: the newest event of the shop.
    """

    segment: Segment
    weights: SourceWeights
    reference_time: int
    past: dict[int, Product]
    seeds: dict[int, float]
    neighbours: NeighbourScores
    interests: dict[str, float]
    top_categories: tuple[str, ...]
    segment_trend: Mapping[int, float]
    popularity: Mapping[int, float]
    category_trends: dict[str, Mapping[int, float]]


def compute_signals(inputs: RankingInputs, *, request: ListRequest) -> Signals:
    """Weigh the history, and look up the trends of the customer's segment and categories."""
    model, history = inputs.model, inputs.history
    hyperparameters = model.config.hyperparameters
    reference_time = max(model.newest_event_at, history[0].occurred_at if history else 0)
    past = {event.product.product_index: event.product for event in history}
    seeds, recent = (
        product_weights(history, half_life_days=half_life_days, hyperparameters=hyperparameters)
        for half_life_days in (hyperparameters.history_days, hyperparameters.interest_days)
    )
    interests = category_interests(history, half_life_days=hyperparameters.interest_days)
    segment, segment_source = segment_of(inputs.segment_inputs)
    trend = model.segment_trends.get(segment) if segment_source != "default" else None
    popular = model.popular if model.popular.products else inputs.recent_popularity
    weights = model.config.weights_for(has_history=bool(history))
    return Signals(
        segment=segment,
        weights=weights,
        reference_time=reference_time,
        past=past,
        seeds=seeds,
        neighbours=_own_neighbours(inputs, seeds, past, weights=weights, request=request),
        interests=path_interests(past, recent),
        top_categories=tuple(interest.category for interest in interests[:N_INTERESTS]),
        segment_trend=trend.by_index if trend else {},
        popularity=popular.by_index,
        category_trends={path: _weights(packed) for path, packed in inputs.category_trends.items()},
    )


def _own_neighbours(
    inputs: RankingInputs,
    seeds: Mapping[int, float],
    past: Mapping[int, Product],
    *,
    weights: SourceWeights,
    request: ListRequest,
) -> NeighbourScores:
    """Score the neighbours of the history; its own products score nothing where the request excludes them."""
    scores = neighbour_scores(inputs.neighbours, seeds=seeds, past=past, weights=weights)
    if request.seen == "exclude":
        return scores.without(seeds)
    return scores.with_seen_again(seeds, weight=inputs.model.config.seen_again)


@lru_cache(maxsize=4096)
def _weights(packed: bytes) -> Mapping[int, float]:
    entries = unpack(packed)
    return dict(zip(entries["product_index"].tolist(), entries["weight"].tolist(), strict=True))
