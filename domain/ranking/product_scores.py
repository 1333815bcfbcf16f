"""Scores of a product by itself: trends, interest in its category, price, newness."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from domain.ranking.contributions import NO_CAUSE, SOURCE_INDEX, Contributions
from domain.ranking.interests import strongest_interest
from domain.ranking.model import Model
from domain.ranking.signals import Signals
from domain.records.customers import Segment
from domain.records.products import Product
from domain.records.recommendations import Source
from domain.records.values import DAY, to_microseconds

PRODUCT_SOURCES: tuple[Source, ...] = ("segment_trend", "category_interest", "price_fit", "new", "popular")
NEW_DAYS = 30.0
UNTRIED = 0.02
"""Share of an interest that a product unpopular in its category gets, enough to precede products of no interest."""


def product_scores(signals: Signals, products: Sequence[Product], *, model: Model, now: datetime) -> Contributions:
    """Return the contributions of PRODUCT_SOURCES to the scores of `products`."""
    indexes = [product.product_index for product in products]
    interest, paths = _category_interest(signals, products)
    columns: dict[Source, npt.ArrayLike] = {
        "segment_trend": [signals.segment_trend.get(index, 0.0) for index in indexes],
        "category_interest": interest,
        "price_fit": price_fit_scores(products, model=model, segment=signals.segment),
        "new": newness(products, now=now),
        "popular": [signals.popularity.get(index, 0.0) for index in indexes],
    }
    amounts = np.stack(
        [getattr(signals.weights, source) * np.asarray(columns[source], dtype=np.float64) for source in PRODUCT_SOURCES]
    )
    rows, positions = np.nonzero(amounts)
    # Causes number the products of the history first, then the paths of interest.
    numbers = {path: number for number, path in enumerate(signals.interests, start=len(signals.past))}
    causes = np.array([numbers.get(path or "", NO_CAUSE) for path in paths], dtype=np.intp)
    return Contributions(
        positions=positions,
        sources=np.array([SOURCE_INDEX[source] for source in PRODUCT_SOURCES], dtype=np.intp)[rows],
        causes=np.where(rows == PRODUCT_SOURCES.index("category_interest"), causes[positions], NO_CAUSE),
        amounts=amounts[rows, positions],
    )


def newness(products: Sequence[Product], *, now: datetime) -> npt.NDArray[np.float64]:
    """Return (n,) values: 1 for a product created `now`, falling as 1 / (1 + age / 30 days)."""
    created_at = np.array([product.created_at for product in products], dtype=np.float64)
    age_days = np.maximum(to_microseconds(now) - created_at, 0.0) / DAY
    return 1.0 / (1.0 + age_days / NEW_DAYS)


def price_fit_scores(products: Sequence[Product], *, model: Model, segment: Segment) -> npt.NDArray[np.float64]:
    """Return how usual the prices are for the segment, (n,) values in [0, 1].

    A Gaussian of the log ratio to the median price of the product's category; 0 where a price or its median is unknown.
    """
    usual = model.price_fit.get(segment)
    if usual is None:
        return np.zeros(len(products))
    medians = model.median_prices
    ratios = np.array([(product.price or 0.0) / medians.get(product.category or "", np.inf) for product in products])
    known = ratios > 0
    distance = (np.log(ratios, out=np.zeros(len(products)), where=known) - usual.mean) / usual.deviation
    return np.exp(-0.5 * distance * distance) * known


def _category_interest(signals: Signals, products: Sequence[Product]) -> tuple[list[float], list[str | None]]:
    """Return the score and the causing path of each product: interest in its category x popularity within it."""
    by_category = {
        category: strongest_interest(category, signals.interests) for category in {product.category for product in products}
    }
    # The best product of the best category gets 1, which scales the source to [0, 1].
    largest = max(
        (
            strongest_interest(path, signals.interests)[1] * max(trend.values())
            for path, trend in signals.category_trends.items()
            if trend
        ),
        default=0.0,
    )
    scores: list[float] = []
    paths: list[str | None] = []
    for product in products:
        path, interest = by_category[product.category]
        trend = signals.category_trends.get(product.category or "", {}).get(product.product_index, 0.0)
        scores.append(interest * (UNTRIED + (1 - UNTRIED) * trend / (largest or 1.0)))
        paths.append(path)
    return scores, paths
