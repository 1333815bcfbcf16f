"""Category paths and imported changes of products."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import UNSET

from domain.records.products import ProductChange, category_levels, is_in_category


def test_category_levels_are_the_paths_from_the_top_level_down():
    assert category_levels("home/lamps/desk") == ("home", "home/lamps", "home/lamps/desk")
    assert category_levels(None) == ()


@pytest.mark.parametrize(
    ("category", "expected"), [("home", True), ("home/lamps", True), ("homeware", False), ("garden", False), (None, False)]
)
def test_a_category_contains_whole_levels_below_it(category, expected):
    assert is_in_category(category, "home") == expected


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("price", 0.00001, "Expected at most 4 decimals"),
        ("created_at", datetime(1969, 12, 31, tzinfo=UTC), "Expected an instant of 1970 or later"),
    ],
)
def test_a_change_with_an_unacceptable_value_is_refused(field, value, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"product_id": "p-1", field: value}, ProductChange)


def test_a_change_keeps_values_that_are_not_given_and_clears_those_that_are_none():
    change = msgspec.convert({"product_id": "p-1", "price": None, "created_at": None}, ProductChange)

    assert (change.price, change.created_at, change.name) == (None, None, UNSET)
    assert ProductChange(product_id="p-1").created_at is UNSET
    assert ProductChange(product_id="p-1", price=9.9999).price == 9.9999
