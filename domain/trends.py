"""What is popular now: in the shop, in a segment, in a category."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from domain.customers import SEGMENTS, Segment
from domain.event_log import EventLog
from domain.model import WeightedProducts
from domain.products import Product, category_levels

HALF_LIFE_DAYS = 14.0
N_TREND = 200
N_CATEGORY_TREND = 50
SMOOTHING = 200.0


def popularity(log: EventLog, *, n_products: int, chosen: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float64]:
    """Sum the weights of each product's events (n_products,), halved every 14 days back from the newest event of all.

    `chosen` limits the sums to some of the events.
    """
    decayed = log.weights * 0.5 ** (log.age_days() / HALF_LIFE_DAYS)
    counted = decayed if chosen is None else decayed * chosen
    return np.bincount(log.products, weights=counted, minlength=n_products).astype(np.float64)


def segment_trends(log: EventLog, segments: npt.NDArray[np.int8], *, n_products: int) -> dict[Segment, WeightedProducts]:
    """Rank products by their popularity in each segment, shrunk towards all customers.

    P(p | s) = (n(p, s) + m P(p)) / (n(s) + m) with m = 200, Dirichlet smoothing (Zhai & Lafferty, "A study of smoothing
    methods for language models", 2004). `segments` has each customer's position in SEGMENTS.
    """
    everyone = popularity(log, n_products=n_products)
    overall = everyone / max(everyone.sum(), 1.0)
    of_event = segments[log.customers]
    trends: dict[Segment, WeightedProducts] = {}
    for position, segment in enumerate(SEGMENTS):
        own = popularity(log, n_products=n_products, chosen=of_event == position)
        trends[segment] = strongest((own + SMOOTHING * overall) / (own.sum() + SMOOTHING), n=N_TREND)
    return trends


def strongest(scores: npt.NDArray[np.float64], *, n: int) -> WeightedProducts:
    """Take the `n` products with the highest positive scores, scaled so that the best has 1, ties by index."""
    order = np.lexsort((np.arange(len(scores)), -scores))[:n]
    order = order[scores[order] > 0]
    if not len(order):
        return WeightedProducts()
    return WeightedProducts(products=tuple(order.tolist()), weights=tuple((scores[order] / scores[order[0]]).tolist()))


def category_trends(products: Sequence[Product], popular: npt.NDArray[np.float64]) -> Mapping[str, WeightedProducts]:
    """Rank the 50 most popular products of every category path, upper levels included, scaled as `strongest` does."""
    members: dict[str, list[int]] = {}
    by_index = {product.product_index: product for product in products}
    for index in np.lexsort((np.arange(len(popular)), -popular)).tolist():
        if popular[index] <= 0:
            break
        for path in category_levels(by_index[index].category) if index in by_index else []:
            listed = members.setdefault(path, [])
            if len(listed) < N_CATEGORY_TREND:
                listed.append(index)
    return {
        path: WeightedProducts(products=tuple(listed), weights=tuple((popular[listed] / popular[listed[0]]).tolist()))
        for path, listed in members.items()
    }
