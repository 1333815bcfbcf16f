"""What is popular now: in the shop, in a segment, in a category."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from domain.ranking.hyperparameters import Hyperparameters
from domain.ranking.model import WeightedProducts
from domain.records.customers import SEGMENTS, Segment
from domain.records.products import Product, category_levels
from domain.training.event_log import EventLog
from domain.training.momentum import momentum

N_STORED = 200
N_STORED_PER_CATEGORY = 50


def popularity(log: EventLog, hyperparameters: Hyperparameters, *, n_products: int) -> npt.NDArray[np.float64]:
    """Sum up for each product what its customers' heaviest events of it weigh (n_products,).

    Customers count, not events: one who looks ten times makes nothing popular. An event weighs what its type does, to the
    power that the recipe says, halved every `trend_days` back from the newest event of all. The sum is multiplied by the
    product's momentum.
    """
    return sums(log, hyperparameters, n_products=n_products)[0]


def segment_trends(
    log: EventLog, hyperparameters: Hyperparameters, segments: npt.NDArray[np.int8], *, n_products: int
) -> dict[Segment, WeightedProducts]:
    """Take the most popular products of each segment; `segments` has each customer's position in SEGMENTS."""
    scores = segment_scores(log, hyperparameters, segments, n_products=n_products)
    return {segment: top_products(own, n=N_STORED) for segment, own in zip(SEGMENTS, scores, strict=True)}


def segment_scores(
    log: EventLog, hyperparameters: Hyperparameters, segments: npt.NDArray[np.int8], *, n_products: int
) -> npt.NDArray[np.float64]:
    """Score products (n_segments, n_products) by their popularity in each segment, shrunk towards all customers.

    P(p | s) = (n(p, s) + m P(p)) / (n(s) + m) with m the recipe's smoothing, Dirichlet smoothing (Zhai & Lafferty, "A
    study of smoothing methods for language models", 2004).
    """
    return shrunk(
        sums(log, hyperparameters, n_products=n_products, segments=segments), smoothing=hyperparameters.segment_smoothing
    )


def shrunk(sums: Sequence[npt.NDArray[np.float64]], *, smoothing: float) -> npt.NDArray[np.float64]:
    """Shrink the popularity with each segment towards that with all customers, which comes first in `sums`."""
    everyone, *own_sums = sums
    overall = everyone / max(everyone.sum(), 1.0)
    return np.stack([(own + smoothing * overall) / (own.sum() + smoothing) for own in own_sums])


def sums(
    log: EventLog, hyperparameters: Hyperparameters, *, n_products: int, segments: npt.NDArray[np.int8] | None = None
) -> list[npt.NDArray[np.float64]]:
    """Sum up the popularity with all customers, and then with those of each segment."""
    weights = log.weights**hyperparameters.event_exponent * 0.5 ** (log.age_days() / hyperparameters.trend_days)
    pairs = log.customers * n_products + log.products
    order = np.lexsort((-weights, pairs))
    heaviest = order[np.diff(pairs[order], prepend=-1) != 0]
    products = log.products[heaviest]
    weights = weights[heaviest] * momentum(log, hyperparameters, n_products=n_products)[products]
    found = [np.bincount(products, weights=weights, minlength=n_products).astype(np.float64)]
    if segments is not None:
        of_pair = segments[log.customers[heaviest]]
        for position in range(len(SEGMENTS)):
            own = np.bincount(products, weights=weights * (of_pair == position), minlength=n_products)
            found.append(own.astype(np.float64))
    return found


def top_products(scores: npt.NDArray[np.float64], *, n: int) -> WeightedProducts:
    """Take the `n` products with the highest positive scores, scaled so that the best has 1, ties by index."""
    order = np.lexsort((np.arange(len(scores)), -scores))[:n]
    order = order[scores[order] > 0]
    if not len(order):
        return WeightedProducts()
    return WeightedProducts(products=tuple(order.tolist()), weights=tuple((scores[order] / scores[order[0]]).tolist()))


def category_trends(products: Sequence[Product], popular: npt.NDArray[np.float64]) -> Mapping[str, WeightedProducts]:
    """Rank the 50 most popular products of every category path, upper levels included.

    A product weighs its popularity over the square root of its path's: between what a category's buyers choose (over the
    whole popularity) and what sells most (over none). Weights are scaled so that the largest of all paths is 1.
    """
    by_index = {product.product_index: product for product in products}
    members: dict[str, list[int]] = {}
    sums: defaultdict[str, float] = defaultdict(float)
    for index in np.lexsort((np.arange(len(popular)), -popular)).tolist():
        if popular[index] <= 0:
            break
        for path in category_levels(by_index[index].category) if index in by_index else []:
            sums[path] += float(popular[index])
            listed = members.setdefault(path, [])
            if len(listed) < N_STORED_PER_CATEGORY:
                listed.append(index)
    weights = {path: popular[listed] / np.sqrt(sums[path]) for path, listed in members.items()}
    most = max((float(own[0]) for own in weights.values()), default=1.0)
    return {
        path: WeightedProducts(products=tuple(listed), weights=tuple((weights[path] / most).tolist()))
        for path, listed in members.items()
    }
