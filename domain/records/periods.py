"""Periods of reports, as people write them: with dates or instants."""

import re
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from domain.errors import InvalidField, InvalidFields
from domain.records.values import EPOCH, Instant

DEFAULT_PERIOD = timedelta(days=28)
MAX_PERIOD = timedelta(days=400)
MAX_INSTANT_LENGTH = 64
EXPECTED = "Expected a date like 2026-11-26, or an instant like 2026-11-26T10:00:00Z, of 1970 or later"
_IS_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch


class Period(Struct, frozen=True, kw_only=True):
    """The time from an instant until before another."""

    begins_at: datetime
    ends_at: datetime


def period_between(begin: str | None, end: str | None, *, now: datetime) -> Period:
    """Return the period of two texts; a date is its beginning in UTC. It ends now, and has 28 days, unless they say more.

    Raise InvalidFields for texts that are no instants, and for a period that is empty or has more than 400 days.
    """
    pairs = (("from", begin), ("to", end))
    instants = {name: _instant(text) for name, text in pairs if text is not None}
    wrong = [InvalidField(f"#/query/{name}", EXPECTED) for name, instant in instants.items() if instant is None]
    if wrong:
        raise InvalidFields(*wrong)
    ends_at = instants.get("to") or now
    begins_at = instants.get("from") or max(EPOCH, ends_at - DEFAULT_PERIOD)
    if begins_at >= ends_at:
        # Without `to`, the period ends now.
        pointer, detail = ("to", "later than `from`") if end is not None else ("from", "before now")
        raise InvalidField(f"#/query/{pointer}", f"Expected an instant {detail}")
    if ends_at - begins_at > MAX_PERIOD:
        raise InvalidField("#/query/from", f"Expected at most {MAX_PERIOD.days} days until `to`")
    return Period(begins_at=begins_at, ends_at=ends_at)


def _instant(text: str) -> datetime | None:
    try:
        is_date = _IS_DATE(text)
        instant = datetime.fromisoformat(f"{text}T00:00Z") if is_date else msgspec.convert(text, Instant).astimezone(UTC)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None
    return instant if instant >= EPOCH else None
