"""Single fields: ids, money and instants."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from domain.records.values import (
    EPOCH,
    ID_PATTERN,
    CustomerId,
    Id,
    check_instant,
    check_money,
    from_microseconds,
    from_units,
    readable_message,
    to_microseconds,
    to_units,
)


@pytest.mark.parametrize("text", ["c-1", "A.b_9", "...", "x" * 64])
def test_ids_have_letters_digits_dots_underscores_and_hyphens(text):
    assert msgspec.convert(text, Id) == text


@pytest.mark.parametrize("text", ["", ".", "..", "a b", "a/b", "ä", "a\n", "x" * 65])
def test_other_ids_are_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, Id)


def test_customer_ids_are_not_names_of_paths():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("process-browsing", CustomerId)


def test_a_message_with_a_pattern_is_replaced_by_a_readable_one():
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert("a b", Id)

    assert str(refused.value) == f"Expected `str` matching regex {ID_PATTERN!r}"
    assert readable_message(str(refused.value)).startswith("Expected letters, digits,")
    assert readable_message("another message") == "another message"


@pytest.mark.parametrize("microseconds", [0, 1, 1_700_000_000_123_456, to_microseconds(datetime.max.replace(tzinfo=UTC))])
def test_instants_are_whole_microseconds_of_any_year(microseconds):
    assert to_microseconds(from_microseconds(microseconds)) == microseconds


@pytest.mark.parametrize(("amount", "units"), [(0.0, 0), (19.99, 199_900), (0.0001, 1), (1e9, 10**13)])
def test_money_is_stored_as_ten_thousandths(amount, units):
    assert to_units(amount) == units
    assert from_units(units) == amount


def test_money_has_at_most_4_decimals():
    check_money(None)
    check_money(9.9999)
    with pytest.raises(ValueError, match="Expected at most 4 decimals"):
        check_money(9.99999)


def test_instants_are_of_1970_or_later():
    check_instant(None)
    check_instant(EPOCH)
    with pytest.raises(ValueError, match="Expected an instant of 1970 or later"):
        check_instant(EPOCH - timedelta(microseconds=1))
