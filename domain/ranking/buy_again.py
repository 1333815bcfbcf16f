"""What a customer buys again: products whose usual interval has passed or is close, the likeliest first.

A score is the sum of how often and how lately the customer bought the product, how often other customers buy products of
its category again, and how far its interval has passed. `docs/recommending.md` has the formulas and their sources.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.customer_inputs import CustomerInputs
from domain.ranking.diversity import best_variants
from domain.ranking.indexes import Indexes, positions_in, union
from domain.ranking.packed_history import RETURNED
from domain.ranking.reasons import scored_product
from domain.ranking.rules import NO_RULES, ListRules, with_pins, without
from domain.records.interactions import PURCHASE
from domain.records.product_lists import RankedProducts
from domain.records.recommendations import Contribution, HistorySource, ListRequest
from domain.records.values import DAY, from_microseconds, to_microseconds

HALF_LIFE_DAYS = 180.0
"""After which a purchase counts half."""
REBOUGHT_SHARE = 0.5
"""What one further purchase of the usual buyer of the category counts beside one of the customer's own today."""
DUE_SHARE = 0.25
"""How much a product gains at most as its interval passes."""
PRIOR_INTERVALS = 2.0
"""How many intervals of the customer the usual one of the category counts as."""
MIN_REBOUGHT = 0.3
"""Further purchases of the usual buyer from which a product of the category is bought again after a single purchase."""
MIN_REPEATED = 0.1
"""The same from which two days with a purchase are a habit: in a category that hardly anybody rebuys, it takes three.

Where the shop has learned nothing of that, two are enough."""
ONE_IN_TWENTY = 1.6449
"""The 95 % quantile of the standard normal distribution."""
MAX_CLOSE_SHARE = 0.75
"""The share of an interval from which its end is close, also where all intervals are equal."""
USUAL_DAYS = 30.0
"""The usual interval of a shop that has learned none."""

SOURCES: tuple[HistorySource, ...] = ("bought_before", "rebought", "due")
_DAYS = 2**21
"""More than the days of any calendar, so that a group and a day fit into one number."""


class Habits(Struct, frozen=True, kw_only=True):
    """What a customer bought and kept, as groups of variants, numbered from 0: n groups.

    `products` (m,) are product indexes, ascending; `bought_at` (m,) their last purchases in microseconds; `groups` (m,)
    their groups. `weights` (n,) count the days with a purchase, halved for every half-life of age, `n_days` (n,) unweighted.
    `log_days` (n,) are the sums of the logarithms of the n_days - 1 intervals, and `last` (n,) the last purchases.
    """

    products: Indexes
    bought_at: npt.NDArray[np.int64]
    groups: Indexes
    weights: npt.NDArray[np.float64]
    n_days: npt.NDArray[np.intp]
    log_days: npt.NDArray[np.float64]
    last: npt.NDArray[np.int64]


def rank_buy_again(
    inputs: CustomerInputs, *, request: ListRequest, now: datetime, rules: ListRules = NO_RULES
) -> RankedProducts:
    """Rank the first `limit` products that pass the filters; of a group of variants, the one that was bought last.

    A pin puts only what the customer bought into this list, though it may not be due.
    """
    habits = habits_of(inputs)
    admitted = rules.kept(inputs.catalogue.admitted(habits.products, request))
    pins = rules.pins_among(admitted, inputs.catalogue)
    shown = np.flatnonzero(positions_in(without(admitted, pins, inputs.catalogue), habits.products) >= 0)
    last_variant = best_variants(habits.bought_at[shown].astype(np.float64), inputs.catalogue, habits.products[shown])
    shown = shown[last_variant]
    products, groups = habits.products[shown], habits.groups[shown]
    rebought, usual_days = usual_repeats(inputs, products)
    log_days = (habits.log_days[groups] + PRIOR_INTERVALS * np.log(usual_days)) / (
        habits.n_days[groups] - 1 + PRIOR_INTERVALS
    )
    interval_days = np.exp(log_days)
    passed = (to_microseconds(now) - habits.last[groups]) / DAY / interval_days
    parts = np.stack([habits.weights[groups], REBOUGHT_SHARE * rebought, np.zeros(len(products))])
    parts[2] = DUE_SHARE * np.clip(passed, 0.0, 1.0) * parts.sum(axis=0)
    before = parts.sum(axis=0)
    scores = rules.apply(products, before)
    n_days = habits.n_days[groups]
    is_habit = (rebought >= MIN_REPEATED) | (not inputs.model.repeats.purchases)
    is_rebought = (rebought >= MIN_REBOUGHT) | (n_days > 2) | ((n_days > 1) & is_habit)
    # From then on one in twenty would have bought it again.
    is_close = passed >= min(MAX_CLOSE_SHARE, float(np.exp(-ONE_IN_TWENTY * inputs.model.repeats.deviation)))
    listed = np.flatnonzero(is_rebought & is_close)
    listed = listed[np.argsort(-scores[listed], kind="stable")[: request.limit]]
    due_at = habits.last[groups] + (interval_days * DAY).astype(np.int64)
    items = [
        scored_product(
            inputs.catalogue.product(index),
            score,
            [*_contributions(amounts), *rules.contributions(index, score - unruled)],
            due_at=from_microseconds(due),
        )
        for index, score, unruled, amounts, due in zip(
            products[listed].tolist(),
            scores[listed].tolist(),
            before[listed].tolist(),
            parts[:, listed].T.tolist(),
            due_at[listed].tolist(),
            strict=True,
        )
    ]
    return RankedProducts(
        kind="buy-again",
        strategy="history" if items or pins else "empty",
        model_id=inputs.model.model_id,
        placement=request.placement,
        items=with_pins(items, pins, inputs.catalogue, k=request.limit),
    )


def habits_of(inputs: CustomerInputs) -> Habits:
    """Collect the customer's purchases without products that went back; those of one day and group count as one.

    The last purchase of each product counts in any case, the others if they are among the newest events. Ages count from the
    newest event of the shop.
    """
    history = inputs.history
    is_kept = (history.bought_at >= 0) & (history.bought_at < RETURNED)
    products, bought_at = history.own[is_kept], history.bought_at[is_kept]
    codes, groups = np.unique(inputs.catalogue.group_codes[products], return_inverse=True)
    events = np.flatnonzero(history.event_types == PURCHASE)
    places = positions_in(products, history.products[history.positions[events]])
    events, places = events[places >= 0], places[places >= 0]
    bought = np.concatenate([history.occurred_at[events], bought_at]) // DAY
    of_day, days = np.divmod(union(np.concatenate([groups[places], groups]) * _DAYS + bought), _DAYS)
    newest = max(inputs.model.newest_event_at, int(history.occurred_at.max(initial=0))) // DAY
    gaps, is_gap = np.diff(days), np.diff(of_day) == 0
    last = np.zeros(len(codes), dtype=np.int64)
    np.maximum.at(last, groups, bought_at)
    return Habits(
        products=products,
        bought_at=bought_at,
        groups=groups,
        weights=_sums(of_day, 0.5 ** ((newest - days) / HALF_LIFE_DAYS), n=len(codes)),
        n_days=np.bincount(of_day, minlength=len(codes)),
        log_days=_sums(of_day[1:][is_gap], np.log(gaps[is_gap]), n=len(codes)),
        last=last,
    )


def _sums(groups: Indexes, values: npt.NDArray[np.float64], *, n: int) -> npt.NDArray[np.float64]:
    # Without any value bincount returns integers.
    return np.bincount(groups, weights=values, minlength=n).astype(np.float64, copy=False)


def usual_repeats(
    inputs: CustomerInputs, products: Indexes
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:  # fmt: skip
    """Return the further purchases and the median interval, in days, of the category of each product, else of the shop."""
    repeats, tree = inputs.model.repeats, inputs.catalogue.categories
    codes = inputs.catalogue.category_codes[products]
    purchases, days = tree.values(repeats.purchases)[codes], tree.values(repeats.days)[codes]
    return (
        np.where(np.isfinite(purchases), purchases, repeats.purchases.get("", 0.0)),
        np.where(np.isfinite(days), days, repeats.days.get("", USUAL_DAYS)),
    )


def _contributions(amounts: Sequence[float]) -> list[Contribution]:
    return [(source, None, amount) for source, amount in zip(SOURCES, amounts, strict=True) if amount > 0]
