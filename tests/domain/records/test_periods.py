"""Periods of reports, written with dates and instants."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InvalidField, InvalidFields
from domain.records.periods import EXPECTED, Period, period_between

NOW = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)


def between(begin, end):
    return Period(begins_at=datetime.fromisoformat(begin), ends_at=datetime.fromisoformat(end))


def test_a_period_has_the_last_28_days_unless_it_says_more():
    assert period_between(None, None, now=NOW) == Period(begins_at=NOW - timedelta(days=28), ends_at=NOW)
    assert period_between("2026-11-01", None, now=NOW) == between("2026-11-01T00:00Z", "2026-11-26T10:30Z")
    assert period_between(None, "2026-11-01", now=NOW) == between("2026-10-04T00:00Z", "2026-11-01T00:00Z")


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("2026-11-01", "2026-11-02", between("2026-11-01T00:00Z", "2026-11-02T00:00Z")),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00.5Z", between("2026-11-01T10:00Z", "2026-11-01T10:00:00.500+00:00")),
        ("2026-11-01T10:00:00+02:00", "2026-11-02", between("2026-11-01T08:00Z", "2026-11-02T00:00Z")),
        ("2025-10-22", "2026-11-26", between("2025-10-22T00:00Z", "2026-11-26T00:00Z")),  # 400 days
        (None, "1970-01-02", between("1970-01-01T00:00Z", "1970-01-02T00:00Z")),
    ],
)
def test_dates_begin_in_utc_and_instants_have_an_offset(begin, end, expected):
    period = period_between(begin, end, now=NOW)

    assert period == expected
    assert (period.begins_at.tzinfo, period.ends_at.tzinfo) == (UTC, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "2026-11-31", "2026-13-01", "20261101", "2026-W45-1", "2026-11-01T10:00:00", "2026-11-01 ", "",
        "1969-12-31", "0000-01-01", "\u0662\u0660\u0662\u0666-11-01", "9999-12-31T23:59:59-14:00", "1795687200",
    ],
)  # fmt: skip
def test_what_is_no_instant_is_named(text):
    with pytest.raises(InvalidFields) as caught:
        period_between(text, text, now=NOW)

    assert [(one.pointer, one.detail) for one in caught.value.fields] == [
        ("#/query/from", EXPECTED), ("#/query/to", EXPECTED),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("begin", "end", "pointer", "detail"),
    [
        ("2026-11-02", "2026-11-02", "to", "Expected an instant later than `from`"),
        ("2026-11-02", "2026-11-01", "to", "Expected an instant later than `from`"),
        (None, "1970-01-01", "to", "Expected an instant later than `from`"),
        ("2026-11-27", None, "from", "Expected an instant before now"),
        ("2025-10-21", "2026-11-26", "from", "Expected at most 400 days until `to`"),
    ],
)
def test_a_period_is_neither_empty_nor_too_long(begin, end, pointer, detail):
    with pytest.raises(InvalidField) as caught:
        period_between(begin, end, now=NOW)

    assert (caught.value.pointer, caught.value.detail) == (f"#/query/{pointer}", detail)
