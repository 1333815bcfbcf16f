"""Every spelling of an instant that docs/import.md promises, and the order of day and month decided by the column."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from domain.records.values import to_microseconds
from infra.ingest.values.instants import InstantReader, date_order, looks_like_instant, period

MARCH_FOURTH = datetime(2026, 3, 4, tzinfo=UTC)
QUARTER_PAST_TEN = datetime(2026, 3, 4, 10, 15, tzinfo=UTC)
EVENING = datetime(2026, 3, 4, 22, 15, tzinfo=UTC)


def instant_of(value, order=None):
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=InstantReader(order)(value))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-04T10:15:00Z",
        "2026-03-04t10:15:00z",
        "2026-03-04T10:15:00",
        "2026-03-04T10:15",
        "2026-03-04 10:15",
        " 2026-03-04  10:15:00 ",
        "2026-03-04 10:15:00 UTC",
        "2026-03-04 10:15:00 GMT",
        "2026-03-04 10:15:00 +0000 UTC",
        "2026-03-04 15:15:00 +0500",
        "2026-03-04 15:15:00+05:00",
        "2026-03-04T15:15:00+05",
        "2026-03-04T09:15:00-0100",
        "2026-03-04T10:15:00.000000000Z",
        "2026-03-04 10:15:00,000",
        "2026-03-04 10:15 AM",
        "20260304T101500Z",
        "20260304T151500+0500",
        "20260304 1015",
        "20260304101500",
        "202603041015",
        "2026/03/04 10:15",
        "2026/3/4 10:15:00",
        "2026.03.04 10:15:00",
        "04.03.2026 10:15",
        "4.3.26, 10:15",
        "Wed, 04 Mar 2026 11:15:00 +0100",
        "Wed, 04 Mar 2026 10:15:00 GMT",
        "04 Mar 2026 05:15:00 EST",
        "4 March 2026 10:15",
        "4-Mar-2026 10:15:00",
        "04-MAR-26 10:15:00 AM",
        "04/Mar/2026:10:15:00 +0000",
        "Mar 4, 2026 10:15 AM",
        "Mar 4 2026 10:15AM",
        "March 4th, 2026 at 10:15 a.m.",
        "2026-Mar-04 10:15",
        "Wed Mar 04 10:15:00 UTC 2026",
        "Wed Mar  4 10:15:00 2026",
        "Wed Mar 04 2026 11:15:00 GMT+0100 (Central European Standard Time)",
        "1772619300",
        "1772619300.0",
        "1772619300000",
        "1772619300000000",
        1772619300,
        1772619300.0,
        1772619300000,
        1772619300000000,
        datetime(2026, 3, 4, 10, 15),  # noqa: DTZ001 - as a spreadsheet has it
        datetime(2026, 3, 4, 11, 15, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_every_usual_spelling_of_an_instant_is_read(text):
    assert instant_of(text) == QUARTER_PAST_TEN


@pytest.mark.parametrize(
    "text",
    ["2026-03-04", "20260304", "2026/03/04", "4.3.2026", "4 Mar 2026", "Mar 4, 2026", 20260304, date(2026, 3, 4)],
)
def test_a_date_without_a_time_is_midnight_utc(text):
    assert instant_of(text) == MARCH_FOURTH


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("dmy", "04/03/2026 10:15"),
        ("dmy", "4-3-2026, 10:15:00"),
        ("dmy", "4/3/26 10:15"),
        ("mdy", "3/4/2026 10:15"),
        ("mdy", "3/4/26, 10:15 AM"),
        ("mdy", "03-04-2026 10:15"),
        ("ymd", "26/03/04 10:15"),
        ("mdy", "04.03.2026 10:15"),
        ("mdy", "2026/03/04 10:15"),
    ],
)
def test_a_numeric_date_follows_the_order_of_its_column_where_its_mark_leaves_it_open(order, text):
    assert instant_of(text, order) == QUARTER_PAST_TEN


@pytest.mark.parametrize(
    ("text", "hour"), [("12:15 AM", 0), ("12:15 PM", 12), ("1:15 pm", 13), ("11:15 P.M.", 23), ("5 PM", 17)]
)
def test_the_twelve_hour_clock_counts_from_twelve(text, hour):
    assert instant_of(f"03/04/2026 {text}", "mdy").hour == hour


@pytest.mark.parametrize(("text", "microsecond"), [("00.5", 500_000), ("00.123456789", 123_456), ("00.25 +0000", 250_000)])
def test_fractions_of_seconds_are_kept_to_the_microsecond(text, microsecond):
    assert instant_of(f"2026-03-04 10:15:{text}").microsecond == microsecond
    assert instant_of(f"04.03.2026 10:15:{text}").microsecond == microsecond


def test_fractions_of_an_epoch_are_kept():
    assert instant_of(1772619300.25) == QUARTER_PAST_TEN + timedelta(milliseconds=250)
    assert instant_of("1772619300250.5") == QUARTER_PAST_TEN + timedelta(microseconds=250_500)


def test_short_years_from_70_are_of_the_last_century():
    assert instant_of("1.2.70").year == 1970
    assert instant_of("1.2.69").year == 2069


def test_years_before_1970_are_read_so_that_the_caller_can_refuse_them():
    assert InstantReader(None)("1969-12-31T23:59:59Z") == -1_000_000


@pytest.mark.parametrize(
    "value",
    [
        *("", "week 12", "2026", "2026-W10", "2026-03-04T10:15 Mars", "4 Marz 2026", "12", "45384.3", "1.77E+12", "+5"),
        *("2026-03-04 10:15 XYZ", "2026-03-04 10:15:00 +01:00 (a1)", "04.03.2026 10", "2026-03-04 13:15 PM"),
        *("2026-02-30", "30.02.2026", "2026-13-01", "2026-03-04 25:00", "2026-03-04 10:15 +99:00", "4102444801000000"),
        *(True, None, 5, -1772619300, 10**400, float("nan"), float("inf"), ["2026-03-04"], 45384.3),
    ],
)
def test_what_is_no_instant_is_refused_without_its_value(value):
    with pytest.raises(ValueError, match=r"^Expected") as refused:
        InstantReader("dmy")(value)
    assert not str(value) or str(value) not in str(refused.value)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("dmy", "03/31/2026"),
        ("mdy", "31/03/2026"),
        ("ymd", "31/03/2026"),
        ("dmy", "31/04/2026"),
        ("mdy", "1/2/2026 13:00 PM"),
    ],
)
def test_a_value_that_contradicts_the_order_of_its_column_is_refused(order, text):
    with pytest.raises(ValueError, match=r"^Expected"):
        InstantReader(order)(text)


def test_without_an_order_only_dates_that_are_equal_in_both_are_read():
    assert instant_of("4/4/2026") == datetime(2026, 4, 4, tzinfo=UTC)
    with pytest.raises(ValueError, match="--dates"):
        InstantReader(None)("3/4/2026")


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["3/4/2026", "31/03/2026"], "dmy"),
        (["8/23/2026 9:05", "9/1/2026 14:20"], "mdy"),
        (["13-4-2026", "3-4-2026"], "dmy"),
        (["3/4/2026", "4/5/2026"], "undecidable"),
        (["31/3/2026", "3/31/2026"], "undecidable"),
        (["23/08/25", "01/09/25", "02/09/25"], "dmy"),
        (["8/23/25", "9/1/25"], "mdy"),
        (["25/08/23", "25/09/01"], "undecidable"),
        (["99/08/23", "99/09/01"], "ymd"),
        (["31/12/25"], "undecidable"),
        (["4/4/2026", "5/5/2026"], None),
        (["31.12.2026", "2026-03-04", "1772619300", "4 Mar 2026", "", "13/13/2026x", None, 5], None),
        ([], None),
    ],
)
def test_the_order_of_dates_is_decided_by_the_whole_column(values, order):
    assert date_order(iter(values)) == order


@pytest.mark.parametrize(
    "value", ["2026-03-04", "3/4/2026", "31.12.2025 10:00", 1772619300, "1772619300000", date(2026, 3, 4)]
)
def test_values_that_look_like_instants_are_found(value):
    assert looks_like_instant(value)


@pytest.mark.parametrize("value", ["", "85123A", "12.50", 17, "4006381333931", "33/33/2026", "1969-01-01", None, True])
def test_numbers_codes_and_barcodes_do_not_look_like_instants(value):
    assert not looks_like_instant(value)


def test_a_period_has_two_ends_of_which_one_may_be_missing():
    read = InstantReader(None)
    first, last = (to_microseconds(datetime(2026, 3, day, 11, 7, tzinfo=UTC)) for day in (4, 9))
    assert period("2026-03-04T12:07+0100/2026-03-09T12:07+0100", read) == (first, last)
    assert period("2026-03-04T11:07Z/", read) == (first, None)
    assert period(" /2026-03-09T11:07Z", read) == (None, last)
    with pytest.raises(ValueError, match="two instants"):
        period("2026-03-04", read)
