"""Category paths and imported changes of products."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import UNSET

from domain.records.products import ProductChange, category_levels, group_of, is_in_category, top_parent
from tests.domain.shop import product


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


def test_the_group_of_a_product_is_its_parent_or_itself():
    assert group_of(product(1, variant_of="shirt")) == "shirt"
    assert group_of(product(1)) == "p-1"


@pytest.mark.parametrize(
    ("product_id", "expected"),
    [
        ("red", "shirt"),  # a variant of a variant
        ("blue", "unknown"),
        ("shirt", None),
        ("stranger", None),
        ("a", None),  # a, b and c are a circle, and d leads into it
        ("b", "a"),
        ("c", "a"),
        ("d", "a"),
    ],
)
def test_a_chain_of_parents_leads_to_its_top(product_id, expected):
    parents = {
        "red": "dark red",
        "dark red": "shirt",
        "shirt": None,
        "blue": "unknown",
        "a": "b",
        "b": "c",
        "c": "a",
        "d": "c",
    }

    assert top_parent(product_id, parents) == expected
