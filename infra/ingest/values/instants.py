"""Read instants in the spellings of exports; numbers are epochs, and what names no zone is UTC."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, Literal

from domain.records.values import to_microseconds
from infra.ingest.values.instant_texts import (
    NO_SUCH_DATE,
    NOT_AN_INSTANT,
    NumericDate,
    at_date,
    full_year,
    numeric_date,
    without_open_order,
)

DateOrder = Literal["dmy", "mdy", "ymd"]

_LARGEST_SECONDS = 4_102_444_800
"""The year 2100. An epoch is in the first unit in which it is not later; from 1973 on the units cannot be confused."""

_UNITS = (1_000_000, 1_000, 1)
"""Microseconds of a second, a millisecond and a microsecond."""

_TOO_LARGE = 10**17
_SMALLEST_SECONDS = 100_000_000
"""The year 1973: smaller numbers are years, days of a spreadsheet or counts."""

_EPOCH = re.compile(r"\d{9,}(?:\.\d*)?", re.ASCII)
_COMPACT = re.compile(r"(?:19[7-9]|20\d)\d[01]\d[0-3]\d(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?", re.ASCII)
_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
_PARTS: dict[DateOrder, tuple[int, int, int]] = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}
"""The positions of year, month and day."""

_LIKELY = tuple(to_microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2000, 2036))
_CACHED_TEXTS = 65_536


class InstantReader:
    """Return the microseconds since 1970 UTC; raise ValueError with a reason that does not contain the value.

    `order` is that of dates such as 03/04/2026, None if no value depends on it. Years before 1970 give negative numbers.
    """

    def __init__(self, order: DateOrder | None) -> None:
        self._order: DateOrder | None = order
        self._of_text = lru_cache(maxsize=_CACHED_TEXTS)(self._text)

    def __call__(self, value: Any) -> int:
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, datetime):
            return to_microseconds(value if value.tzinfo else value.replace(tzinfo=UTC))
        if isinstance(value, date):
            return to_microseconds(datetime.combine(value, time(), UTC))
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _TOO_LARGE:
            return _of_epoch(value) if value % 1 else self._of_text(str(int(value)))
        raise ValueError(NOT_AN_INSTANT)

    def _text(self, text: str) -> int:
        text = " ".join(text.split())
        if iso := _plain_iso(text):
            return to_microseconds(iso)
        if _EPOCH.fullmatch(text) and not _COMPACT.fullmatch(text):
            return _of_epoch(float(text) if "." in text else int(text))
        numeric = numeric_date(text)
        return to_microseconds(without_open_order(text) if numeric is None else _in_order(numeric, self._order))


_READ_WITHOUT_ORDER = InstantReader(None)


def date_order(values: Iterable[Any]) -> DateOrder | Literal["undecidable"] | None:
    """Return the order of day, month and year in a column, None if no value depends on it.

    One pass in constant memory, for a whole file too. Every value must allow the order. A short year at the beginning is
    only excluded if the first parts vary more than the last, as days do beside years. "undecidable": several orders are
    possible, or none.
    """
    possible: set[DateOrder] = set(_ORDERS)
    firsts: set[int] = set()
    thirds: set[int] = set()
    for value in values:
        parsed = numeric_date(" ".join(value.split())) if isinstance(value, str) else None
        if parsed and _depends_on_order(parsed):
            possible = {order for order in possible if _fits(parsed, order)}
            firsts.add(parsed.parts[0])
            thirds.add(parsed.parts[2])
    if len(firsts) > len(thirds):
        possible.discard("ymd")
    if not firsts:
        return None
    return possible.pop() if len(possible) == 1 else "undecidable"


def looks_like_instant(value: Any) -> bool:
    """Return whether a value looks like an instant of 2000 to 2035, for finding a date column that was not mapped."""
    if isinstance(value, str) and (parsed := numeric_date(value.strip())):
        return any(_fits(parsed, order) for order in _ORDERS)
    try:
        return _LIKELY[0] <= _READ_WITHOUT_ORDER(value) < _LIKELY[1]
    except ValueError:
        return False


def period(value: str, read: Callable[[Any], int]) -> tuple[int | None, int | None]:
    """Return the ends of an interval "from/until" in microseconds; an end may be missing."""
    first, slash, last = value.partition("/")
    if not slash:
        raise ValueError("Expected two instants with a / between them")
    return (read(first) if first.strip() else None, read(last) if last.strip() else None)


def _plain_iso(text: str) -> datetime | None:
    """Return what the fast parser of Python reads, as far as it reads what `instant_texts` would."""
    if text[4:5] != "-" or text[7:8] != "-" or text[10:11] not in {"", "T", " "}:
        return None
    try:
        instant = datetime.fromisoformat(f"{text[:-4]}Z" if text.endswith(" UTC") else text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _of_epoch(number: float) -> int:
    if number >= _SMALLEST_SECONDS:
        for unit in _UNITS:
            if number * unit <= _LARGEST_SECONDS * 1_000_000:
                return round(number * unit)
    raise ValueError("Expected seconds, milliseconds or microseconds since 1970")


def _depends_on_order(parsed: NumericDate) -> bool:
    return not parsed.is_day_first and (parsed.has_short_year or parsed.parts[0] != parsed.parts[1])


def _fits(parsed: NumericDate, order: DateOrder) -> bool:
    try:
        _in_order(parsed, order)
    except ValueError:
        return False
    return True


def _in_order(parsed: NumericDate, order: DateOrder | None) -> datetime:
    """Return the instant of a numeric date; a year of four digits is where it is, whatever the order says."""
    if not _depends_on_order(parsed):
        order = "dmy"
    elif order is None:
        raise ValueError("Expected an order of day and month, see --dates")
    elif order == "ymd" and not parsed.has_short_year:
        raise ValueError("Expected the year first, as in the other dates")
    year, month, day = (parsed.parts[position] for position in _PARTS[order])
    if not 1 <= month <= 12:
        raise ValueError(f"Expected dates in the order {order}")
    try:
        return at_date(parsed.match, year=full_year(f"{year:02}"), month=month, day=day)
    except ValueError as error:
        raise ValueError(f"Expected dates in the order {order}" if str(error) == NO_SUCH_DATE else str(error)) from None
