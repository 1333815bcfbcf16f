"""Categories of all notations become paths with "/"."""

import pytest

from infra.ingest.values.categories import category_path, category_separator, main_category


@pytest.mark.parametrize(
    "text",
    [
        "Home/Bath",
        "Home / Bath",
        "Home > Bath",
        "Home>Bath",
        "Home | Bath",
        "Home :: Bath",
        "Home » Bath",
        "Home -> Bath",
        "Home &gt; Bath",
        " Home > > Bath > ",
        "/Home/Bath/",
    ],
)
def test_levels_are_found_by_the_usual_separators(text):
    assert category_path(text, None) == "Home/Bath"


def test_the_separator_of_a_format_is_the_only_one():
    assert category_path("TV/Video > LED | OLED", ">") == "TV-Video/LED | OLED"
    assert category_path("Men > Shoes/Boots", "/") == "Men > Shoes/Boots"
    assert category_path("electronics.smartphone", ">") == "electronics.smartphone"
    assert category_path("A :: B > C", "::") == "A/B > C"


def test_arrows_come_before_a_slash_which_is_then_a_part_of_the_level():
    assert category_path("TV / Video > LED", None) == "TV - Video/LED"


def test_dots_separate_where_the_column_says_so_and_nothing_else_does():
    assert category_path("electronics.audio.headphone", ".") == "electronics/audio/headphone"
    assert category_path("Home > St. Gallen", ".") == "Home/St. Gallen"
    assert category_path("Node.js", None) == "Node.js"


def test_a_category_without_levels_is_empty():
    assert [category_path(text, None) for text in ("", "  ", " > ", "/")] == ["", "", "", ""]


def test_the_root_of_a_shop_system_is_dropped():
    roots = ("Default Category",)
    assert category_path("Default Category/Gear/Bags", "/", roots) == "Gear/Bags"
    assert category_path("Default Category", "/", roots) == ""
    assert category_path("Gear/Default Category", "/", roots) == "Gear/Default Category"


@pytest.mark.parametrize(
    ("values", "separator"),
    [
        (["electronics.smartphone", "", "apparel.shoes.keds", "toys"], "."),
        (["Kitchen | Pots", "kitchen.plates", "Kitchen>Trays"], "."),
        (["kitchen.plates", "Kitchen"], None),
        (["kitchen.plates", "node 2.0"], None),
        (["kitchen", "toys"], None),
        (["Home / Bath", None, 5], None),
        ([], None),
    ],
)
def test_a_column_shows_that_dots_separate(values, separator):
    assert category_separator(iter(values)) == separator


def test_the_first_deepest_category_is_the_main_one_and_the_others_are_tags():
    assert main_category(["Kitchen", "Kitchen/Kettles", "Gifts/Under 10", "Sale"]) == (
        "Kitchen/Kettles",
        ("Kitchen", "Under 10", "Sale"),
    )
    assert main_category(["A/B", "A/B", ""]) == ("A/B", ())
    assert main_category(["", ""]) == (None, ())
    assert main_category([]) == (None, ())
