"""How much the events of a history count, and which categories they show an interest in."""

import numpy as np
import numpy.typing as npt

from domain.ranking.catalogue import Catalogue
from domain.ranking.category_tree import Codes
from domain.ranking.history import History
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.ranking.indexes import Indexes
from domain.records.interactions import EVENT_TYPES, EventType
from domain.records.recommendations import CategoryInterest
from domain.records.values import DAY

EVENT_WEIGHTS: dict[EventType, float] = {"purchase": 4.0, "cart": 3.0, "wishlist": 2.0, "view": 1.0}
WEIGHT_BY_TYPE = np.array([EVENT_WEIGHTS[event_type] for event_type in EVENT_TYPES])
"""The weights in the order of EVENT_TYPES."""

MAX_INTERESTS = 10
MIN_WEIGHT = 1e-300
"""Keeps the division by the largest weight defined for an empty history."""


def event_weights(
    history: History, *, half_life_days: float, half_life_steps: float = FOREVER, exponent: float = 1.0
) -> npt.NDArray[np.float64]:
    """Weigh events by their type, to the power of `exponent`, and their age in days and in steps: (n,) values.

    Age counts from the customer's newest event, the first one: weights are scaled afterwards, and those of a customer who
    returns after years would underflow if it counted from today.
    """
    age = (history.occurred_at[:1] - history.occurred_at) / DAY / half_life_days
    if half_life_steps < FOREVER:
        age += steps_since_newest(history) / half_life_steps
    return (WEIGHT_BY_TYPE**exponent)[history.event_types] * 0.5**age


def steps_since_newest(history: History) -> npt.NDArray[np.int64]:
    """Return how many distinct instants of events follow each event (n,)."""
    return np.append(0, np.cumsum(history.occurred_at[1:] != history.occurred_at[:-1]))[: len(history.occurred_at)]


def newest_products(history: History) -> Indexes:
    """Return the products of the newest step, ascending: those of the events at the newest instant."""
    return history.products[newest_seeds(history)]


def newest_seeds(history: History) -> npt.NDArray[np.bool_]:
    """Return which of the products of the history (n,) are of the newest step."""
    is_newest = np.zeros(len(history.products), dtype=np.bool_)
    is_newest[history.positions[history.occurred_at == history.occurred_at[:1]]] = True
    return is_newest


def product_weights(
    history: History, *, half_life_days: float, half_life_steps: float = FOREVER, hyperparameters: Hyperparameters
) -> npt.NDArray[np.float64]:
    """Return the weight of each of `history.products`, the largest scaled to 1."""
    by_event = event_weights(
        history,
        half_life_days=half_life_days,
        half_life_steps=half_life_steps,
        exponent=hyperparameters.event_exponent,
    )
    weights = np.bincount(history.positions, weights=by_event, minlength=len(history.products)).astype(np.float64)
    return (weights / weights.max(initial=MIN_WEIGHT)) ** hyperparameters.repeat_exponent


def weights_by_category(
    catalogue: Catalogue, products: Indexes, weights: npt.NDArray[np.float64]
) -> tuple[Codes, npt.NDArray[np.float64]]:
    """Sum the weights of products by their category; return the codes of the categories and the positive sums."""
    sums = np.bincount(catalogue.category_codes[products] + 1, weights=weights)[1:].astype(np.float64)
    codes = np.flatnonzero(sums).astype(np.int32)
    return codes, sums[codes]


def category_interests(history: History, catalogue: Catalogue, *, half_life_days: float) -> list[CategoryInterest]:
    """Share the weight of a history among its categories; return the largest 10, scaled to sum 1, ties by path."""
    largest = largest_categories(history, catalogue, half_life_days=half_life_days, n=MAX_INTERESTS)
    total = sum(weight for weight, _ in largest)
    return [CategoryInterest(category=category, weight=weight / total) for weight, category in largest]


def largest_categories(history: History, catalogue: Catalogue, *, half_life_days: float, n: int) -> list[tuple[float, str]]:
    """Return the `n` categories that the events weigh most for, each after its negative weight, ties by path."""
    weights = event_weights(history, half_life_days=half_life_days)
    codes, sums = weights_by_category(catalogue, history.products[history.positions], weights)
    if len(sums) > n:
        # Their paths are all that is read.
        kept = sums >= np.partition(sums, -n)[-n]
        codes, sums = codes[kept], sums[kept]
    paths = [catalogue.categories.paths[code] for code in codes.tolist()]
    return sorted(zip((-sums).tolist(), paths, strict=True))[:n]
