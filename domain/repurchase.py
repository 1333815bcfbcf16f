"""Which categories people rebuy, and how long they wait."""

from collections.abc import Sequence

import numpy as np

from domain.event_log import EventLog
from domain.fields import DAY
from domain.products import Product

LEAST_PAIRS = 20
LEAST_SHARE = 0.25


def rebuy_days(purchases: EventLog, products: Sequence[Product]) -> dict[str, float]:
    """Return the categories that are rebought, each with the median days between two purchases of the same product.

    A category counts as rebought where at least 20 pairs of customer and product were bought, and at least a quarter of
    them again on another day.
    """
    category_of = {product.product_index: product.category for product in products if product.category}
    names = sorted(set(category_of.values()))
    codes = {name: code for code, name in enumerate(names)}
    size = int(purchases.products.max(initial=-1)) + 1
    code_of = np.full(size, -1, dtype=np.int64)
    for index, category in category_of.items():
        if index < size:
            code_of[index] = codes[category]

    days = purchases.occurred_at // DAY
    order = np.lexsort((days, purchases.products, purchases.customers))
    customer, product, day = purchases.customers[order], purchases.products[order], days[order]
    same_pair = (np.diff(customer, prepend=-1) == 0) & (np.diff(product, prepend=-1) == 0)
    gap = np.diff(day, prepend=0)
    again = same_pair & (gap > 0)
    pair = np.cumsum(~same_pair) - 1
    category = code_of[product]

    n_pairs = np.bincount(category[~same_pair & (category >= 0)], minlength=len(names))
    _, first_again = np.unique(pair[again], return_index=True)
    rebought = category[again][first_again]
    n_rebought = np.bincount(rebought[rebought >= 0], minlength=len(names))
    often = np.flatnonzero((n_pairs >= LEAST_PAIRS) & (n_rebought >= LEAST_SHARE * n_pairs))
    gaps, gap_category = gap[again], category[again]
    by_category = np.argsort(gap_category, kind="stable")
    edges = np.searchsorted(gap_category[by_category], [often, often + 1])
    return {
        names[code]: float(np.median(gaps[by_category[first:last]]))
        for code, first, last in zip(often.tolist(), *edges.tolist(), strict=True)
    }
