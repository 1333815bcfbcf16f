"""Attributes and tags as stored texts, in which a filter finds exactly the values that it asks for."""

import pytest

from domain.records.attributes import (
    encoded,
    encoded_as_written,
    member,
    merged_attributes,
    pack_attributes,
    pack_tags,
    unpack_attributes,
    unpack_tags,
)

ATTRIBUTES = {"size": 42, "colour": "red", "weight": 1.5, "is_new": True, "say": 'a ,"size":7 b'}


def test_packed_attributes_are_json_that_does_not_depend_on_their_order():
    packed = pack_attributes(ATTRIBUTES)

    assert packed == pack_attributes(dict(sorted(ATTRIBUTES.items())))
    assert unpack_attributes(packed) == ATTRIBUTES
    assert pack_attributes({"size": 42.0}) == pack_attributes({"size": 42})


def test_nothing_is_packed_as_nothing():
    assert (pack_attributes({}), pack_tags([])) == (None, None)
    assert (unpack_attributes(None), unpack_tags(None)) == ({}, ())


def test_tags_are_kept_once_in_their_order():
    assert unpack_tags(pack_tags(["new", "sale", "new"])) == ("new", "sale")


@pytest.mark.parametrize(
    ("text", "values"),
    [("red", ["red"]), ("42", ["42", 42]), ("42.0", ["42.0", 42]), ("1.5", ["1.5", 1.5]), ("true", ["true", True]),
     ("NaN", ["NaN"]), ("1e400", ["1e400"]), ("1e16", ["1e16"]), ('"a"', ['"a"']), ("null", ["null"])],
)  # fmt: skip
def test_a_written_value_is_a_text_and_the_number_or_truth_that_it_spells(text, values):
    assert encoded_as_written(text) == tuple(map(encoded, values))


def found(name, text):
    packed = pack_attributes(ATTRIBUTES)
    return any(member(name, value) in packed for value in encoded_as_written(text))


def test_a_member_occurs_in_the_text_only_where_an_attribute_has_that_value():
    assert all(found(name, str(value).lower() if value is True else str(value)) for name, value in ATTRIBUTES.items())
    assert not any(found("size", text) for text in ("4", "2", "420", "7", "red"))
    assert not any(found(name, "red") for name in ("col", "our", "Colour"))
    assert not found("colour", "re")


def test_changes_replace_add_and_clear_single_attributes():
    packed = pack_attributes({"a": 1, "b": "x"})

    assert merged_attributes(packed, {"b": None, "c": False, "a": 2}) == {"a": 2, "c": False}
    assert merged_attributes(None, {"b": None}) == {}
    assert merged_attributes(packed, {}) == {"a": 1, "b": "x"}
