"""Segments: the edges of the segment rule, and the prices that each segment pays."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.model import MAX_MODEL_CATEGORIES, PriceFit
from domain.records.customers import MIN_ORDERS, SEGMENTS, PurchaseSummary, Segment, SegmentRule, computed_segment
from domain.records.products import Product
from domain.records.values import DAY
from domain.training.event_log import EventLog

MIN_BUYERS = 50
MIN_PURCHASES = 100
MIN_DEVIATION = 0.1


class BuyerSummary(Struct, frozen=True, kw_only=True):
    """Recency, frequency and money of every customer; `orders` is 0 for customers without purchases."""

    orders: npt.NDArray[np.int64]
    spent: npt.NDArray[np.float64]
    last_purchased_at: npt.NDArray[np.int64]


def summarise(purchases: EventLog) -> BuyerSummary:
    """Add up the purchases of each customer."""
    n_customers = len(purchases.customer_ids)
    # An order has a row per item, but counts once.
    by_order = np.lexsort((purchases.orders, purchases.customers))
    customers, orders = purchases.customers[by_order], purchases.orders[by_order]
    begins = (np.diff(customers, prepend=-1) != 0) | (np.diff(orders, prepend=-1) != 0)
    last = np.zeros(n_customers, dtype=np.int64)
    # Indexing alone would keep the last row of a customer, not the newest.
    np.maximum.at(last, purchases.customers, purchases.occurred_at)
    return BuyerSummary(
        orders=np.bincount(customers[begins], minlength=n_customers),
        spent=np.bincount(purchases.customers, weights=purchases.spent, minlength=n_customers).astype(np.float64),
        last_purchased_at=last,
    )


def fit_segment_rule(buyers: BuyerSummary, *, newest: int) -> SegmentRule:
    """Return a rule whose edges are the quintiles of at least 50 buyers, or the default rule for fewer."""
    bought = buyers.orders > 0
    if bought.sum() < MIN_BUYERS:
        return SegmentRule()
    age_days = (newest - buyers.last_purchased_at[bought]) / DAY
    return SegmentRule(
        recency_days=_quintiles(age_days),
        orders=_quintiles(buyers.orders[bought]),
        spent=_quintiles(buyers.spent[bought]),
    )


def customer_segments(
    customer_ids: Sequence[str], buyers: BuyerSummary, *, assigned: Mapping[str, Segment], rule: SegmentRule, newest: int
) -> npt.NDArray[np.int8]:
    """Return the segment of each customer as an index of SEGMENTS: assigned, else computed, else Regular."""
    positions: dict[str, int] = {segment: position for position, segment in enumerate(SEGMENTS)}
    summaries = zip(buyers.orders.tolist(), buyers.spent.tolist(), buyers.last_purchased_at.tolist(), strict=True)
    segments = [
        assigned.get(customer_id)
        or (
            computed_segment(
                PurchaseSummary(orders=orders, spent=spent, last_purchased_at=last), rule=rule, reference_time=newest
            )
            if orders >= MIN_ORDERS
            else "Regular"
        )
        for customer_id, (orders, spent, last) in zip(customer_ids, summaries, strict=True)
    ]
    return np.array([positions[segment] for segment in segments], dtype=np.int8)


def median_prices(purchases: EventLog, products: Sequence[Product], *, n_products: int) -> dict[str, float]:
    """Return the median catalogue price of the purchases in each category, for the 5,000 categories with most purchases."""
    # A price counts once per purchase: what customers usually pay, not what the catalogue usually asks.
    bought = np.bincount(purchases.products, minlength=n_products)
    prices: dict[str, list[tuple[float, int]]] = {}
    for product in products:
        price = product.comparable_price
        if price and product.category and bought[product.product_index]:
            prices.setdefault(product.category, []).append((price, int(bought[product.product_index])))
    most = sorted(prices, key=lambda category: (-sum(n for _, n in prices[category]), category))[:MAX_MODEL_CATEGORIES]
    return {category: float(np.median(np.repeat(*map(np.array, zip(*prices[category], strict=True))))) for category in most}


def price_fit_by_segment(
    purchases: EventLog, products: Sequence[Product], segments: npt.NDArray[np.int8], *, medians: Mapping[str, float]
) -> dict[Segment, PriceFit]:
    """Measure how the prices that each segment pays lie to the medians of their categories, from 100 purchases on."""
    size = 1 + max((product.product_index for product in products), default=-1)
    ratios = np.full(size, np.nan)
    for product in products:
        median = medians.get(product.category or "")
        price = product.comparable_price
        if price and median:
            # Logs, because twice and half the median are equally far from it.
            ratios[product.product_index] = np.log(price / median)
    paid, segment_of_purchase = ratios[purchases.products], segments[purchases.customers]
    known = ~np.isnan(paid)
    fits: dict[Segment, PriceFit] = {}
    for position, segment in enumerate(SEGMENTS):
        own = paid[known & (segment_of_purchase == position)]
        if len(own) >= MIN_PURCHASES:
            fits[segment] = PriceFit(mean=float(own.mean()), deviation=max(float(own.std()), MIN_DEVIATION))
    return fits


def _quintiles(values: npt.NDArray[np.int64] | npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    first, second, third, fourth = np.quantile(values, [0.2, 0.4, 0.6, 0.8]).tolist()
    return first, second, third, fourth
