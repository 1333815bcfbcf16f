"""How much the events of a history count, and which categories they show an interest in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from domain.ranking.inputs import PastEvent
from domain.ranking.model import Hyperparameters
from domain.records.interactions import EventType
from domain.records.products import Product, category_levels
from domain.records.recommendations import CategoryInterest
from domain.records.values import DAY

EVENT_WEIGHTS: dict[EventType, float] = {"purchase": 4.0, "cart": 3.0, "wishlist": 2.0, "view": 1.0}
MAX_INTERESTS = 10


def decay(age_days: float, half_life_days: float) -> float:
    """Return 1 for age 0, 1/2 after one half-life, 1/4 after two."""
    return 0.5 ** (age_days / half_life_days)


def event_weights(history: Sequence[PastEvent], *, half_life_days: float, exponent: float = 1.0) -> list[float]:
    """Weigh events by their type, to the power of `exponent`, and their age.

    Age counts from the customer's newest event, the first one: weights are scaled afterwards, and those of a customer who
    returns after years would underflow if it counted from today.
    """
    return [
        EVENT_WEIGHTS[event.event_type] ** exponent
        * decay((history[0].occurred_at - event.occurred_at) / DAY, half_life_days)
        for event in history
    ]


def product_weights(
    history: Sequence[PastEvent], *, half_life_days: float, hyperparameters: Hyperparameters
) -> dict[int, float]:
    """Return the weight of each product of a history by product index, the largest scaled to 1."""
    weights: defaultdict[int, float] = defaultdict(float)
    by_event = event_weights(history, half_life_days=half_life_days, exponent=hyperparameters.event_exponent)
    for event, weight in zip(history, by_event, strict=True):
        weights[event.product.product_index] += weight
    largest = max(weights.values(), default=1.0)
    return {index: (weight / largest) ** hyperparameters.repeat_exponent for index, weight in weights.items()}


def path_interests(products: Mapping[int, Product], weights: Mapping[int, float]) -> dict[str, float]:
    """Return the interest in each category path, the largest scaled to 1; an upper level gets its share of the depth."""
    interests: defaultdict[str, float] = defaultdict(float)
    for index, weight in weights.items():
        levels = category_levels(products[index].category)
        for depth, path in enumerate(levels, start=1):
            interests[path] += weight * depth / len(levels)
    largest = max(interests.values(), default=1.0)
    return {path: interest / largest for path, interest in interests.items()}


def strongest_interest(category: str | None, interests: Mapping[str, float]) -> tuple[str | None, float]:
    """Return the path of `category` with the largest interest, and that interest weighed by its share of the depth."""
    levels = category_levels(category)
    strongest: tuple[str | None, float] = (None, 0.0)
    for depth, path in enumerate(levels, start=1):
        if path not in interests:  # interests include every upper level, so no lower one is there either
            break
        interest = interests[path] * depth / len(levels)
        if interest >= strongest[1]:
            strongest = path, interest
    return strongest


def category_interests(history: Sequence[PastEvent], *, half_life_days: float) -> list[CategoryInterest]:
    """Share the weight of a history among its categories; return the largest 10, scaled to sum 1, ties by path."""
    weights: defaultdict[str, float] = defaultdict(float)
    for event, weight in zip(history, event_weights(history, half_life_days=half_life_days), strict=True):
        if event.product.category is not None:
            weights[event.product.category] += weight
    largest = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_INTERESTS]
    total = sum(weight for _, weight in largest)
    return [CategoryInterest(category=category, weight=weight / total) for category, weight in largest if weight > 0]
