"""Read names of event types."""

from typing import Literal

from domain.records.interactions import EventType


def event_type_of(name: str) -> EventType | Literal["return", "ignored"]:
    """Return our event type for a name of other systems."""
