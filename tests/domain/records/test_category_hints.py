"""What a filter is told whose category no product has."""

import pytest

from domain.records.category_hints import category_hint

KNOWN = ["home/lamps", "outdoor/camping", "outdoor/climbing"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (["Outdor"], "No product is in `Outdor`; did you mean `outdoor`?"),
        (["camping"], "No product is in `camping`; did you mean `outdoor/camping`?"),
        (["OUTDOOR/Camping"], "No product is in `OUTDOOR/Camping`; did you mean `outdoor/camping`?"),
        (["lamp"], "No product is in `lamp`; did you mean `home/lamps`?"),
        (["toys"], "No product is in `toys`."),
        (["campng", "hoem"], "No product is in `campng` or `hoem`; did you mean `outdoor/camping` or `home`?"),
        (["home"], None),
        (["toys", "outdoor/camping"], None),
    ],
)
def test_close_categories_are_named(asked, hint):
    assert category_hint(asked, KNOWN) == hint


def test_a_shop_without_categories_has_none_to_name():
    assert category_hint(["toys"], []) == "No product is in `toys`."
