"""Scores of a product by itself: trends, interest in its category, price, newness."""

from datetime import datetime

import numpy as np
import numpy.typing as npt

from domain.ranking.catalogue import Catalogue
from domain.ranking.freshness import NEW_DAYS, age_days, freshness
from domain.ranking.indexes import Indexes, positions_in
from domain.ranking.inputs import RankingInputs
from domain.ranking.signals import Signals
from domain.ranking.trends import trend_of
from domain.records.customers import Segment
from domain.records.recommendations import Source

PRODUCT_SOURCES: tuple[Source, ...] = ("segment_trend", "category_interest", "price_fit", "new", "popular")
TRIAL_CUSTOMERS = 20
UNTRIED = 0.02
"""Share of an interest that a product unpopular in its category gets, enough to precede products of no interest."""


def product_scores(signals: Signals, products: Indexes, *, inputs: RankingInputs, now: datetime) -> npt.NDArray[np.float64]:
    """Return the scores of products (n,) by PRODUCT_SOURCES, an array (5, n), before shapes."""
    columns: dict[Source, npt.NDArray[np.float64]] = {
        "segment_trend": signals.segment_trend.of(products),
        "category_interest": category_interest(signals, products, catalogue=inputs.catalogue),
        "price_fit": price_fit_scores(products, inputs=inputs, segment=signals.segment),
        "new": newness(products, inputs, now=now),
        "popular": signals.popularity.of(products),
    }
    return np.stack([getattr(signals.unshaped, source) * columns[source] for source in PRODUCT_SOURCES])


def newness(products: Indexes, inputs: RankingInputs, *, now: datetime) -> npt.NDArray[np.float64]:
    """Return (n,) values: 1 for a product created `now` without customers, less with its age and its customers.

    1 / (1 + age / 30 days) x 1 / (1 + customers / 20): interest in a new product falls as it becomes known.
    """
    by_age = freshness(products, inputs.catalogue, now=now)
    return by_age / (1.0 + trend_of(inputs.model.tried).of(products) / TRIAL_CUSTOMERS)


def on_trial(products: Indexes, inputs: RankingInputs, *, now: datetime) -> npt.NDArray[np.bool_]:
    """Return which products are younger than 30 days and had fewer than 20 customers when the model was trained."""
    is_young = age_days(products, inputs.catalogue, now=now) < NEW_DAYS
    return is_young & (trend_of(inputs.model.tried).of(products) < TRIAL_CUSTOMERS)


def price_fit_scores(products: Indexes, *, inputs: RankingInputs, segment: Segment) -> npt.NDArray[np.float64]:
    """Return how usual the prices are for the segment, (n,) values in [0, 1].

    A Gaussian of the log ratio to the median price of the product's category; 0 where a price or its median is unknown.
    """
    usual = inputs.model.price_fit.get(segment)
    if usual is None:
        return np.zeros(len(products))
    catalogue = inputs.catalogue
    medians = catalogue.categories.values(inputs.model.median_prices)[catalogue.category_codes[products]]
    ratios = catalogue.prices[products] / medians
    # Not where the price is NaN.
    known = ratios > 0
    distance = (np.log(ratios, out=np.zeros(len(products)), where=known) - usual.mean) / usual.deviation
    return np.exp(-0.5 * distance * distance) * known


def category_interest(signals: Signals, products: Indexes, *, catalogue: Catalogue) -> npt.NDArray[np.float64]:
    """Return the interest in the category of each product x its popularity within it: (n,) values in [0, 1].

    `products` are ascending. The best product of the best category gets 1, which scales the source to [0, 1].
    """
    tree, codes_of = catalogue.categories, catalogue.category_codes[products]
    trends = [trend for trend in signals.category_trends.values() if len(trend.weights)]
    paths = [path for path, trend in signals.category_trends.items() if len(trend.weights)]
    codes = np.array([tree.add(path) for path in paths], dtype=np.int32)
    strongest = tree.strongest(np.concatenate([codes_of, codes]), signals.interests)[0]
    interests = strongest[: len(products)]
    if not trends or not len(products):
        return UNTRIED * interests
    largest = float((strongest[len(products) :] * [trend.largest for trend in trends]).max())
    indexes = np.concatenate([trend.products for trend in trends])
    places = positions_in(products, indexes)
    code_of = np.repeat(codes, [len(trend.products) for trend in trends])
    # The trend of an upper level also has products of lower levels, which count by the trend of their own category.
    kept = (places >= 0) & (codes_of[places] == code_of)
    popularity = np.zeros(len(products))
    popularity[places[kept]] = np.concatenate([trend.weights for trend in trends])[kept]
    return interests * (UNTRIED + (1 - UNTRIED) * popularity / (largest or 1.0))
