"""Popularity of products in the shop, in a segment and in a category."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import NewcomerPopularity, WeightedProducts
from domain.records.customers import SEGMENTS, Segment
from domain.records.products import Product, category_levels
from domain.records.values import DAY
from domain.training.training_data import TrainingData

N_STORED = 200
N_STORED_PER_CATEGORY = 50
N_TRIED = 5000
TRIED_DAYS = 90


def popularity(data: TrainingData, hyperparameters: Hyperparameters) -> npt.NDArray[np.float64]:
    """Return the popularity of each product (n_products,): the sum over its customers of the weight of their heaviest event.

    Each customer counts once per product, so repeated events of one customer make nothing popular. An event weighs its
    type's weight to the power of `event_exponent`, halved every `trend_days` before the newest event of the shop. The sum
    is multiplied by the product's momentum.
    """
    return popularity_by_segment(data, hyperparameters)[0]


def segment_popularity(data: TrainingData, hyperparameters: Hyperparameters) -> npt.NDArray[np.float64]:
    """Return the popularity of products in each segment (n_segments, n_products), smoothed by that of all customers."""
    return smoothed(popularity_by_segment(data, hyperparameters), pseudo_count=hyperparameters.segment_smoothing)


def smoothed(popularities: npt.NDArray[np.float64], *, pseudo_count: float) -> npt.NDArray[np.float64]:
    """Smooth the popularity in each segment towards that of all customers, the first row of `popularities`.

    P(p | s) = (n(p, s) + m P(p)) / (n(s) + m) with m the pseudo-count: Dirichlet smoothing (Zhai & Lafferty, "A study of
    smoothing methods for language models", 2004).
    """
    # The first row is that of all customers.
    overall, *by_segment = popularities
    overall = overall / max(overall.sum(), 1.0)
    return np.stack([(own + pseudo_count * overall) / (own.sum() + pseudo_count) for own in by_segment])


def popularity_by_segment(data: TrainingData, hyperparameters: Hyperparameters) -> npt.NDArray[np.float64]:
    """Return the popularity with all customers and with those of each segment (1 + n_segments, n_products)."""
    log = data.log
    weights = log.weights(exponent=hyperparameters.event_exponent) * log.decay(half_life_days=hyperparameters.trend_days)
    return _sums(data, data.pairs.largest(weights) * data.momentum(hyperparameters)[data.pairs.products])


def newcomer_popularity_by_segment(
    data: TrainingData, hyperparameters: Hyperparameters, counting: NewcomerPopularity
) -> npt.NDArray[np.float64]:
    """Return the popularity for customers without history, with all customers and with those of each segment.

    The shape is (1 + n_segments, n_products), and of the hyperparameters only `momentum_days` counts. The list of a
    customer with history holds what is new to that customer, for which a product's customers count; a newcomer's holds
    everything, for which it counts how often each of them comes back.
    """
    log, pairs = data.log, data.pairs
    hyperparameters = replace(hyperparameters, momentum_exponent=counting.momentum_exponent)
    weights = log.weights(exponent=counting.event_exponent) * log.decay(half_life_days=counting.trend_days)
    if counting.visit_exponent:
        weights = weights / data.visit_sizes**counting.visit_exponent
    largest = pairs.largest(weights)
    if counting.repeat_exponent:
        largest = largest * _ratios(pairs.sums(weights), largest) ** counting.repeat_exponent
    return _sums(data, largest * data.momentum(hyperparameters)[pairs.products])


def _ratios(sums: npt.NDArray[np.float64], largest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Divide, with 1 for a pair so old that its weights are 0."""
    return np.divide(sums, largest, out=np.ones_like(largest), where=largest > 0)


def _sums(data: TrainingData, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sum the weights (n_pairs,) of pairs by product: of all customers, then of those of each segment."""
    products, segments = data.pairs.products, data.segments[data.pairs.customers]
    chosen = [np.ones(len(segments), dtype=np.bool_), *(segments == position for position in range(len(SEGMENTS)))]
    counts = [np.bincount(products, weights=weights * rows, minlength=data.n_products) for rows in chosen]
    # Without any event bincount returns integers.
    return np.stack(counts).astype(np.float64, copy=False)


def top_products(scores: npt.NDArray[np.float64], *, n: int) -> WeightedProducts:
    """Return the `n` products with the highest positive scores, scaled so that the best has 1, ties by index."""
    order = np.lexsort((np.arange(len(scores)), -scores))[:n]
    order = order[scores[order] > 0]
    if not len(order):
        return WeightedProducts()
    return WeightedProducts(products=tuple(order.tolist()), weights=tuple((scores[order] / scores[order[0]]).tolist()))


def segment_trends(popularities: npt.NDArray[np.float64], *, pseudo_count: float) -> dict[Segment, WeightedProducts]:
    """Return the most popular products of each segment, smoothed, from `popularities` (1 + n_segments, n_products)."""
    by_segment = smoothed(popularities, pseudo_count=pseudo_count)
    return {segment: top_products(own, n=N_STORED) for segment, own in zip(SEGMENTS, by_segment, strict=True)}


def tried_products(data: TrainingData) -> WeightedProducts:
    """Count the customers of each product younger than 90 days, for the 5,000 products with most."""
    since = data.log.newest - TRIED_DAYS * DAY
    young = [product.product_index for product in data.products if product.created_at > since]
    counts = np.zeros(data.n_products)
    counts[young] = data.n_customers[young]
    order = np.argsort(-counts, kind="stable")[:N_TRIED]
    order = order[counts[order] > 0]
    return WeightedProducts(products=tuple(order.tolist()), weights=tuple(counts[order].tolist()))


def category_trends(products: Sequence[Product], popular: npt.NDArray[np.float64]) -> Mapping[str, WeightedProducts]:
    """Return the 50 most popular products of every category path, upper levels included.

    A product weighs its popularity over the square root of its path's popularity: a compromise between its share of the
    category (division by the whole) and its sales (no division). The largest weight of all paths is 1.
    """
    by_index = {product.product_index: product for product in products}
    members: dict[str, list[int]] = {}
    sums: defaultdict[str, float] = defaultdict(float)
    for index in np.lexsort((np.arange(len(popular)), -popular)).tolist():
        # Products come in the order of their popularity, so all others are unpopular as well.
        if popular[index] <= 0:
            break
        for path in category_levels(by_index[index].category) if index in by_index else []:
            sums[path] += float(popular[index])
            listed = members.setdefault(path, [])
            if len(listed) < N_STORED_PER_CATEGORY:
                listed.append(index)
    weights = {path: popular[listed] / np.sqrt(sums[path]) for path, listed in members.items()}
    largest = max((float(own[0]) for own in weights.values()), default=1.0)
    return {
        path: WeightedProducts(products=tuple(listed), weights=tuple((weights[path] / largest).tolist()))
        for path, listed in members.items()
    }
