"""Read whether a product is shown in the shop."""

from typing import Any


def is_on(value: Any) -> bool:
    """Return whether a flag, status or visibility is on."""
