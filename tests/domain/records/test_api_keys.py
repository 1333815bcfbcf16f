"""Names and expiry of API keys."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from domain.records.api_keys import ApiKey, default_name

KEY = ApiKey(key_hash="0123456789abcdef" * 4, scope="backend", name="erp", expires_on=date(2027, 1, 31))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2027, 1, 30, 12, tzinfo=UTC), 1),
        (datetime(2027, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC), 0),
        (datetime(2027, 2, 1, tzinfo=UTC), -1),
        # Already the first of February there, but not in UTC.
        (datetime(2027, 2, 1, 1, tzinfo=timezone(timedelta(hours=2))), 0),
    ],
)
def test_a_key_is_accepted_to_the_end_of_its_last_day_in_utc(now, expected):
    assert KEY.days_left(now) == expected


def test_a_key_without_expiry_stays_valid(now):
    assert ApiKey(key_hash="0" * 64, scope="backend", name="erp").days_left(now) is None


def test_a_key_without_a_name_is_called_by_the_beginning_of_its_hash():
    assert default_name("storefront", KEY.key_hash) == "storefront-01234567"
    assert KEY.key_id == "0123456789abcdef"
