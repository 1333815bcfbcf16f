"""Parse the spellings of dates and times; what depends on the order of day and month is told apart from what does not."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

_TIME = (
    r"(?:[Tt ,:]+(?:at )?(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"(?: ?(?P<zone>[A-Za-z]{1,4}|(?:UTC|GMT)?(?P<sign>[+-])(?P<zone_hours>\d{2}):?(?P<zone_minutes>\d{2})?"
    r"(?: [A-Z]{3,5}| \([A-Za-z ]+\))?))?)?"
)
_ISO = re.compile(rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){_TIME}", re.ASCII)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?:[T ]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?"
    r"(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|(?P<sign>[+-])(?P<zone_hours>\d{2}):?(?P<zone_minutes>\d{2})?)?)?",
    re.ASCII,
)
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second_part>\d{{1,2}})\2(?P<third>\d{{4}}|\d{{2}}){_TIME}", re.ASCII
)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_NAMED = tuple(
    re.compile(_WEEKDAY + form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[ /-]?(?P<name>[a-z]{{3,9}})\.?,?[ /-]?(?P<year>\d{{4}}|\d{{2}}){_TIME}",
        rf"(?P<name>[a-z]{{3,9}})\.? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}}){_TIME}",
        rf"(?P<year>\d{{4}})[ -](?P<name>[a-z]{{3,9}})[ -](?P<day>\d{{1,2}}){_TIME}",
    )
)
_CTIME = re.compile(
    _WEEKDAY + r"(?P<name>[a-z]{3}) {1,2}(?P<day>\d{1,2}) (?P<time>\d{2}:\d{2}:\d{2})(?P<zone> [a-z]{2,4})? (?P<year>\d{4})",
    re.ASCII | re.IGNORECASE,
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_ZONES = dict.fromkeys(("z", "utc", "gmt", "ut", "wet"), 0) | {
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
    "cet": 1, "cest": 2, "eet": 2, "eest": 3,
}  # fmt: skip
"""Hours from UTC: the zones of RFC 2822, and those of Europe whose names no other zone has."""

NOT_AN_INSTANT = "Expected a date and time, see docs/import.md for the spellings"
NO_SUCH_DATE = "Expected a date that exists"


class NumericDate(NamedTuple):
    """A date of three numbers whose order is open, with the time that follows it; `parts` as they stand."""

    parts: tuple[int, int, int]
    has_short_year: bool
    is_day_first: bool
    match: re.Match[str]


def numeric_date(text: str) -> NumericDate | None:
    """Return a date such as 03/04/2026 or 3.4.26; with dots it is always day first."""
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    parts = (int(match["first"]), int(match["second_part"]), int(match["third"]))
    return NumericDate(parts, len(match["third"]) == 2, match["mark"] == ".", match)


def at_date(match: re.Match[str], *, year: int, month: int, day: int) -> datetime:
    """Return the instant of a date with the time and the zone of a match; raise ValueError for what does not exist."""
    groups = match.groupdict()
    hour = int(groups.get("hour") or 0)
    if half := groups.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError("Expected an hour of 1 to 12 before AM or PM")
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    elif groups.get("hour") and not groups.get("minute"):
        raise ValueError(NOT_AN_INSTANT)
    zone = _zone(groups)
    microsecond = int((groups.get("fraction") or "")[:6].ljust(6, "0"))
    try:
        return datetime(
            year, month, day, hour, int(groups.get("minute") or 0), int(groups.get("second") or 0), microsecond, zone
        )
    except ValueError:
        raise ValueError(NO_SUCH_DATE) from None


def without_open_order(text: str) -> datetime:
    """Return the instant of a text whose order is certain: year first, or with a month's name; else raise ValueError."""
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return at_date(match, year=int(match["year"]), month=int(match["month"]), day=int(match["day"]))
    for form in _NAMED:
        if match := form.fullmatch(text):
            return at_date(match, year=full_year(match["year"]), month=_month(match["name"]), day=int(match["day"]))
    if match := _CTIME.fullmatch(text):
        return without_open_order(f"{match['day']} {match['name']} {match['year']} {match['time']}{match['zone'] or ''}")
    raise ValueError(NOT_AN_INSTANT)


def full_year(text: str) -> int:
    """Return a year; of two digits, 70 to 99 are of the last century."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= 70 else 2000)


def _month(name: str) -> int:
    """Return the number of a month by its English name, whole or its first letters (at least three)."""
    for number, month in enumerate(_MONTHS, start=1):
        if month.startswith(name.lower()):
            return number
    raise ValueError(NOT_AN_INSTANT)


def _zone(groups: dict[str, str | None]) -> timezone:
    if sign := groups.get("sign"):
        offset = timedelta(hours=int(groups["zone_hours"] or 0), minutes=int(groups["zone_minutes"] or 0))
        if offset >= timedelta(hours=24):
            raise ValueError("Expected a time zone of less than 24 hours")
        return timezone(-offset if sign == "-" else offset)
    if not (name := groups.get("zone")):
        return UTC
    if name.lower() not in _ZONES:
        raise ValueError("Expected a time zone as +01:00 or UTC")
    return timezone(timedelta(hours=_ZONES[name.lower()]))
