"""Count who turned to each product on which day, and find the products that rise: the data behind lists of a whole shop."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from domain.ranking.model import Measure, ProductActivity
from domain.ranking.packing import pack
from domain.records.recommendations import MAX_DAYS
from domain.records.values import DAY
from domain.training.event_pairs import EventPairs
from domain.training.training_data import TrainingData

LATE_DAYS = 7
USUAL_DAYS = 28
"""What rises is compared with the four weeks before the last one."""
QUANTILE_05 = -1.6449
"""The 5 % quantile of the standard normal distribution."""
NOTHING_DIFFERS = 1e6
"""A prior so strong that no product rises: what differs is no more than chance."""


def learn_activity(data: TrainingData) -> list[ProductActivity]:
    """Return the buyers and visitors of each product by day, and the products that rise.

    Who bought is a visitor too. A customer stands at the day of the last event with the product, so the sum over the last
    days is the number of different customers in them. Days count back from the newest event.
    """
    newest = data.log.newest
    products, ratios = _best_first(rising(data.pairs, n_products=data.n_products))
    # In a log of purchases alone, all visitors bought, and are not stored twice.
    has_visitors = data.pairs is not data.purchase_pairs
    return [
        *_by_day(data.purchase_pairs, measure="buyers", newest=newest),
        *(_by_day(data.pairs, measure="visitors", newest=newest) if has_visitors else ()),
        ProductActivity(measure="rising", age_days=0, products=pack(products, ratios)),
    ]


def rising(pairs: EventPairs, *, n_products: int) -> npt.NDArray[np.float64]:
    """Return how many times its usual share each product (n_products,) has at least of the new customers of last week.

    0 stands for products that do not rise. With o(j) customers who turned to product j for the first time in the last 7
    days, and e(j) the number expected from its share of the new customers in the 28 days before, o(j) is Poisson with mean
    r(j) e(j), and r has a gamma prior with mean 1 whose variance is fitted by moments (Clayton & Kaldor, "Empirical Bayes
    estimates of age-standardized relative risks", 1987). The value is the 5 % quantile of r(j), where it is above 1 (as EB05
    in DuMouchel, "Bayesian data mining in large frequency tables", 1999): small numbers leave it low.
    """
    ages = pairs.log.age_days()[pairs.first]
    late = np.bincount(pairs.products[ages < LATE_DAYS], minlength=n_products)
    before = np.bincount(pairs.products[(ages >= LATE_DAYS) & (ages < LATE_DAYS + USUAL_DAYS)], minlength=n_products)
    if not before.any():
        return np.zeros(n_products)
    # One customer more for each product: what nobody turned to before has no share to compare with.
    expected = float(late.sum()) * (before + 1) / (float(before.sum()) + n_products)
    excess = float(((late - expected) ** 2 - expected).sum())
    prior = float((expected**2).sum()) / excess if excess > 0 else NOTHING_DIFFERS
    least = _gamma_quantile(late + prior) / (expected + prior)
    return np.where(least > 1, least, 0.0).astype(np.float64)


def _gamma_quantile(shapes: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the 5 % quantile of gamma distributions with rate 1, approximated as by Wilson & Hilferty, 1931."""
    roots = 1 - 1 / (9 * shapes) + QUANTILE_05 / (3 * np.sqrt(shapes))
    return shapes * np.maximum(roots, 0.0) ** 3


def _best_first(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    order = np.argsort(-values, kind="stable")
    order = order[values[order] > 0]
    return order, values[order]


def _by_day(pairs: EventPairs, *, measure: Measure, newest: int) -> Iterator[ProductActivity]:
    last = pairs.log.occurred_at[pairs.last]
    ages = (newest - last) // DAY
    kept = ages < MAX_DAYS
    # One number for each day and product, ascending by day.
    width = int(pairs.products.max(initial=0)) + 1
    keys, counts = np.unique(ages[kept] * width + pairs.products[kept], return_counts=True)
    days, products = keys // width, keys % width
    starts = np.flatnonzero(np.diff(days, prepend=-1))
    for first, end in pairwise([*starts.tolist(), len(days)]):
        yield ProductActivity(
            measure=measure, age_days=int(days[first]), products=pack(products[first:end], counts[first:end])
        )
