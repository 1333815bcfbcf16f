"""Read instants in the spellings of exports; numbers are epochs, and what names no zone is UTC."""

from collections.abc import Callable, Iterable
from typing import Any, Literal

DateOrder = Literal["dmy", "mdy", "ymd"]


class InstantReader:
    """Return the microseconds since 1970 UTC; raise ValueError with a reason that does not contain the value.

    `order` is that of dates such as 03/04/2026, None if no value depends on it. Years before 1970 give negative numbers.
    """

    def __init__(self, order: DateOrder | None) -> None: ...

    def __call__(self, value: Any) -> int: ...


def date_order(values: Iterable[Any]) -> DateOrder | Literal["undecidable"] | None:
    """Return the order of day, month and year in a column, None if no value depends on it."""


def looks_like_instant(value: Any) -> bool:
    """Return whether a value looks like an instant of 2000 to 2035, for finding a date column that was not mapped."""


def period(value: str, read: Callable[[Any], int]) -> tuple[int | None, int | None]:
    """Return the ends of an interval "from/until" in microseconds; an end may be missing."""
