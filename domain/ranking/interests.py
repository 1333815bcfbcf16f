"""What a customer's history says of the categories they care for."""

from collections import defaultdict
from collections.abc import Sequence

from domain.ranking.inputs import PastEvent
from domain.ranking.weights import EVENT_WEIGHTS, decay
from domain.records.recommendations import CategoryInterest
from domain.records.values import DAY

MAX_INTERESTS = 10


def event_weight(event: PastEvent, *, reference_time: int, half_life_days: float, exponent: float = 1.0) -> float:
    """Weigh one past event by its type, to the power of `exponent`, and its age at `reference_time` (microseconds)."""
    age_days = max(0, reference_time - event.occurred_at) / DAY
    return EVENT_WEIGHTS[event.event_type] ** exponent * decay(age_days, half_life_days)


def category_interests(
    history: Sequence[PastEvent], *, reference_time: int, half_life_days: float
) -> list[CategoryInterest]:
    """Share the weight of a history among its categories; the largest 10, scaled to add to 1, ties by path."""
    weights: defaultdict[str, float] = defaultdict(float)
    for event in history:
        if event.product.category is not None:
            weights[event.product.category] += event_weight(
                event, reference_time=reference_time, half_life_days=half_life_days
            )
    largest = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))[:MAX_INTERESTS]
    total = sum(weight for _, weight in largest)
    return [CategoryInterest(category=category, weight=weight / total) for category, weight in largest if weight > 0]
