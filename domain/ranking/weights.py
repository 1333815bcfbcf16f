"""How much an interaction tells: by its type and by its age."""

from domain.records.interactions import EventType

EVENT_WEIGHTS: dict[EventType, float] = {"purchase": 4.0, "cart": 3.0, "wishlist": 2.0, "view": 1.0}


def decay(age_days: float, half_life_days: float) -> float:
    """Return 1 for something new, 1/2 after a half-life, 1/4 after two."""
    return 0.5 ** (age_days / half_life_days)
