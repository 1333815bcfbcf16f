"""Removals: which carts and wishlists of one product a customer took back."""

from collections.abc import Iterable

Placement = tuple[int, bool, str]
"""The instant of an event in microseconds, whether it is a removal, and its id."""


def taken_back(placements: Iterable[Placement]) -> set[str]:
    """Return the ids of the events that removals take back, given all events of one customer, product and kind.

    A removal takes back the last event at or before its instant that no earlier removal took back. The result follows from
    the events alone, in whatever sequence they arrived. Of events at one instant, the one with the largest id is the last.
    """
    placed: list[str] = []
    taken: set[str] = set()
    for _, is_removal, event_id in sorted(placements):
        if not is_removal:
            placed.append(event_id)
        elif placed:
            taken.add(placed.pop())
    return taken
