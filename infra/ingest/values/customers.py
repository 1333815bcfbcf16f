"""Read customer ids."""

from collections.abc import Collection
from typing import Any


def is_no_customer(value: Any, nulls: Collection[str] = ()) -> bool:
    """Return whether a value stands for nobody."""
