"""Signals: the customer's segment, interests and trends, computed once per list."""

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.ranking.hyperparameters import FOREVER
from domain.ranking.indexes import Indexes
from domain.ranking.inputs import RankingInputs
from domain.ranking.interests import largest_categories, product_weights, weights_by_category
from domain.ranking.model import Shape, SourceWeights, WeightedProducts
from domain.ranking.neighbour_scores import NeighbourScores, neighbour_scores
from domain.ranking.packed_history import NEVER_BOUGHT
from domain.ranking.shapes import shaped_sources
from domain.ranking.trends import Trend, trend_of, unpack_trend
from domain.records.customers import Segment, segment_of
from domain.records.recommendations import ListRequest
from domain.records.values import DAY

N_INTERESTS = 5
NO_TREND = WeightedProducts()


class Signals(Struct, frozen=True, kw_only=True):
    """The customer's segment and interests, the source weights, and the trends that apply to them.

    Where `shapes` apply, the values of their sources are computed without weights first: `unshaped` are the weights of that.

    `seeds` (n,) are the weights in [0, 1] of the products of the history. `interests` are in [0, 1] by the code of a
    category path; `top_categories` are the categories of most interest. `excluded` are the products, ascending, that the
    list may not contain, and `own` those of the customer that it may. Ages count from the newest event of the shop.
    """

    segment: Segment
    weights: SourceWeights
    unshaped: SourceWeights
    shapes: tuple[Shape, ...]
    seeds: npt.NDArray[np.float64]
    neighbours: NeighbourScores
    interests: npt.NDArray[np.float64]
    top_categories: tuple[str, ...]
    segment_trend: Trend
    popularity: Trend
    category_trends: dict[str, Trend]
    excluded: Indexes
    own: Indexes


def compute_signals(inputs: RankingInputs, *, request: ListRequest) -> Signals:
    """Weigh the history, and look up the trends of the customer's segment and categories."""
    model, history = inputs.model, inputs.history
    hyperparameters = model.config.hyperparameters
    seeds, recent = (
        product_weights(history, half_life_days=days, half_life_steps=steps, hyperparameters=hyperparameters)
        for days, steps in (
            (hyperparameters.history_days, hyperparameters.history_steps),
            (hyperparameters.interest_days, FOREVER),
        )
    )
    segment, segment_source = segment_of(inputs.segment_inputs)
    has_segment = segment_source != "default"
    has_history = len(history.occurred_at) > 0
    is_for_newcomers = not has_history and model.newcomer_popular.products
    trends = model.newcomer_segment_trends if is_for_newcomers else model.segment_trends
    trend = trends.get(segment, NO_TREND) if has_segment else NO_TREND
    popular = model.newcomer_popular if is_for_newcomers else model.popular
    popular = popular if popular.products else inputs.recent_popularity
    weights = model.config.weights_for(has_history=has_history)
    shapes = model.config.shapes if has_history else ()
    unshaped = replace(weights, **dict.fromkeys(shaped_sources(shapes), 1.0)) if shapes else weights
    may_contain = _may_contain(inputs, request=request)
    categories = inputs.catalogue.categories
    largest = largest_categories(history, inputs.catalogue, half_life_days=hyperparameters.interest_days, n=N_INTERESTS)
    return Signals(
        segment=segment,
        weights=weights,
        unshaped=unshaped,
        shapes=shapes,
        seeds=seeds,
        neighbours=neighbour_scores(inputs.neighbours, history.products, seed_weights=seeds, weights=unshaped),
        interests=categories.interests(*weights_by_category(inputs.catalogue, history.products, recent)),
        top_categories=tuple(category for _, category in largest),
        segment_trend=trend_of(trend),
        popularity=trend_of(popular),
        category_trends={path: unpack_trend(packed) for path, packed in inputs.category_trends.items()},
        excluded=inputs.history.own[~may_contain],
        own=inputs.history.own[may_contain],
    )


def _may_contain(inputs: RankingInputs, *, request: ListRequest) -> npt.NDArray[np.bool_]:
    """Return for each of the customer's own products whether the list may contain it."""
    if request.seen == "exclude":
        return np.zeros(len(inputs.history.own), dtype=np.bool_)
    return returns_at(inputs) <= reference_time(inputs)


def returns_at(inputs: RankingInputs) -> npt.NDArray[np.float64]:
    """Return for each of the customer's own products when a list may contain it again, in microseconds.

    A bought product returns only when its category is rebought and its usual interval has passed: infinite for never, and
    minus infinity for a product that was not bought.
    """
    history, model = inputs.history, inputs.model
    returns: npt.NDArray[np.float64] = np.where(history.bought_at == NEVER_BOUGHT, -np.inf, np.inf)
    if model.rebuy_days:
        rebuy_days = inputs.catalogue.categories.values(model.rebuy_days)[inputs.catalogue.category_codes[history.own]]
        returns = np.minimum(returns, history.bought_at + rebuy_days * DAY)
    return returns


def reference_time(inputs: RankingInputs) -> int:
    """Return the microseconds of the newest event of the shop or the customer, from which the age of a purchase counts."""
    return max(inputs.model.newest_event_at, int(inputs.history.occurred_at.max(initial=0)))
