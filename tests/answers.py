"""Compare answers: each has an id of its own."""

from msgspec import UNSET
from msgspec.structs import replace


def without_id(answer):
    """Return an answer without what no two answers share."""
    return replace(answer, recommendation_id=UNSET)


def places_of(listed):
    """Return the products of an answer or of a stored list, with their scores and reasons."""
    return [(item.product_id, item.score, item.reasons) for item in listed.items]
