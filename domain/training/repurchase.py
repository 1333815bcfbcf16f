"""Repurchase: which categories customers rebuy, how often, and after how many days."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.model import MAX_MODEL_CATEGORIES, Repeats
from domain.records.products import Product, category_levels
from domain.records.values import DAY
from domain.training.event_log import EventLog

PRIOR_PAIRS = 20.0
"""How many pairs of customer and product the next upper level counts as."""

NINE_IN_TEN = 1.2816
"""The 90 % quantile of the standard normal distribution."""

SHOP = ""
NEVER = 2.0
"""A rate that no category reaches."""


class Repurchase(Struct, frozen=True, kw_only=True):
    """The share of buyers who buy the same product of a category again, and the usual days in between."""

    rate: float
    days: float


class _Pairs(Struct, frozen=True, kw_only=True):
    """Every bought pair of customer and product.

    `categories` index `names`; `gaps` are the days from the first to the second purchase on another day, 0 without one;
    `n_days` counts the days with a purchase.
    """

    names: list[str]
    categories: npt.NDArray[np.int64]
    first_days: npt.NDArray[np.int64]
    gaps: npt.NDArray[np.int64]
    n_days: npt.NDArray[np.int64]

    def most_bought(self) -> list[int]:
        """Return the categories that a model keeps: those with most pairs, ascending."""
        n_pairs = np.bincount(self.categories, minlength=len(self.names))
        most = sorted(range(len(self.names)), key=lambda code: (-n_pairs[code], code))[:MAX_MODEL_CATEGORIES]
        return sorted(code for code in most if n_pairs[code])


def repurchase_by_category(purchases: EventLog, products: Sequence[Product], *, newest: int) -> dict[str, Repurchase]:
    """Estimate the repurchase rate and the usual days in between for the 5,000 categories with most purchases.

    The days between first and second purchase are log-normal; the usual interval is their median (Bhagat et al., "Buy it
    again: modeling repeat purchase recommendations", KDD 2018). The rate counts repurchases within the time by which nine
    of ten have happened, among the pairs whose first purchase lies that long before `newest`: later buyers had no time yet.

    Both are shrunk towards the next upper level, which counts as 20 pairs, and the shop's rate towards 0: the posterior
    mean of a beta-binomial, (k + 20 p) / (n + 20) (Gelman et al., "Bayesian Data Analysis", chapter 2).
    """
    pairs = _bought_pairs(purchases, products)
    again = pairs.gaps > 0
    if not again.any():
        return {}
    # Few customers wait very long: their logarithms, not their days, are spread evenly around the mean.
    logs = np.log(pairs.gaps[again])
    mean, deviation = float(logs.mean()), float(logs.std())
    usual = _shrunk_means(pairs.names, pairs.categories[again], logs, shop=mean)
    horizons = np.array([np.exp(usual[name] + NINE_IN_TEN * deviation) for name in pairs.names])
    # Rounded first: the last bit of exp must not add a day.
    within = np.ceil(horizons.round(6))[pairs.categories]
    had_time = pairs.first_days + within <= newest // DAY
    rates = _shrunk_means(
        pairs.names,
        pairs.categories[had_time],
        (again & (pairs.gaps <= within))[had_time].astype(np.float64),
        shop=0.0,
    )
    return {
        pairs.names[code]: Repurchase(rate=rates[pairs.names[code]], days=round(float(np.exp(usual[pairs.names[code]])), 2))
        for code in pairs.most_bought()
    }


def rebuy_days(repurchases: Mapping[str, Repurchase], *, min_rate: float) -> dict[str, float]:
    """Return the usual days in between of the categories that are rebought at `min_rate` or more."""
    return {category: one.days for category, one in repurchases.items() if one.rate >= min_rate}


def repeats_by_category(purchases: EventLog, products: Sequence[Product]) -> Repeats:
    """Estimate how often buyers of a product of a category buy it again, and the days in between, for 5,000 categories.

    The mean number of further purchases, one a day, is that of a Poisson rate that differs between categories; the prior of
    a level is the level above it, and that of the shop is 0: (k + 20 m) / (n + 20), the posterior mean of a Gamma-Poisson
    (Gelman et al., "Bayesian Data Analysis", chapter 2). The days are those of `repurchase_by_category`; the deviation is
    that of their logarithms around the mean of their category.
    """
    pairs = _bought_pairs(purchases, products)
    again = pairs.gaps > 0
    if not again.any():
        return Repeats()
    logs, categories = np.log(pairs.gaps[again]).astype(np.float64), pairs.categories[again]
    usual = _shrunk_means(pairs.names, categories, logs, shop=float(logs.mean()))
    further = _shrunk_means(pairs.names, pairs.categories, (pairs.n_days - 1).astype(np.float64), shop=0.0)
    residuals = logs - np.array([usual[name] for name in pairs.names])[categories]
    names = [SHOP, *(pairs.names[code] for code in pairs.most_bought())]
    return Repeats(
        purchases={name: round(further[name], 4) for name in names},
        days={name: round(float(np.exp(usual[name])), 2) for name in names},
        deviation=round(float(np.sqrt(np.mean(residuals**2))), 4),
    )


def _bought_pairs(purchases: EventLog, products: Sequence[Product]) -> _Pairs:
    names = sorted({product.category for product in products if product.category})
    codes = {name: code for code, name in enumerate(names)}
    size = 1 + max(int(purchases.products.max(initial=-1)), *(product.product_index for product in products), -1)
    code_of = np.full(size, -1, dtype=np.int64)
    for product in products:
        code_of[product.product_index] = codes.get(product.category or "", -1)
    days = purchases.occurred_at // DAY
    order = np.lexsort((days, purchases.products, purchases.customers))
    customer, product, day = purchases.customers[order], purchases.products[order], days[order]
    new_pair = (np.diff(customer, prepend=-1) != 0) | (np.diff(product, prepend=-1) != 0)
    pair, first = np.cumsum(new_pair) - 1, np.flatnonzero(new_pair)
    # Several purchases of one day are one decision; the second purchase is the first on a later day.
    later = np.flatnonzero(day > day[first][pair])
    pair_again, second = np.unique(pair[later], return_index=True)
    gaps = np.zeros(len(first), dtype=np.int64)
    gaps[pair_again] = (day[later] - day[first][pair[later]])[second]
    n_days = np.bincount(pair, weights=new_pair | (np.diff(day, prepend=-1) != 0), minlength=len(first)).astype(np.int64)
    categories = code_of[product[first]]
    known = categories >= 0
    return _Pairs(
        names=names,
        categories=categories[known],
        first_days=day[first][known],
        gaps=gaps[known],
        n_days=n_days[known],
    )


def _shrunk_means(
    names: Sequence[str], categories: npt.NDArray[np.int64], values: npt.NDArray[np.float64], *, shop: float
) -> dict[str, float]:
    """Return the mean of `values` in each category and in the SHOP, shrunk level by level.

    The whole shop is shrunk towards `shop`.
    """
    n = np.bincount(categories, minlength=len(names))
    sums = np.bincount(categories, weights=values, minlength=len(names))
    totals: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    levels = [(SHOP, *category_levels(name)) for name in names]
    for paths, count, total in zip(levels, n.tolist(), sums.tolist(), strict=True):
        for path in paths:
            totals[path][0] += count
            totals[path][1] += total
    means: dict[str | None, float] = {None: shop}
    for paths in levels:
        above: str | None = None
        for path in paths:
            count, total = totals[path]
            means[path] = (total + PRIOR_PAIRS * means[above]) / (count + PRIOR_PAIRS)
            above = path
    return {name: means[name] for name in (SHOP, *names)}
