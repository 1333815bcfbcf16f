"""Delimiters and headers."""

import pytest

from domain.errors import ConfigurationError
from infra.ingest.errors import NotUnderstood
from tests.infra.ingest.sources.reading import read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_shows_in_the_rows(delimiter):
    others = "".join({",", ";", "\t", "|"} - {delimiter})
    text = delimiter.join(["id", "name", "price"]) + "\n" + (delimiter.join(["1", f'"a{others}b"', "2"]) + "\n") * 3

    found = read(text)

    assert (found.delimiter, found.columns) == (delimiter, ("id", "name", "price"))


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        pytest.param("id;price\n1;1,50\n2;2,50\n3;3,50\n", ";", id="decimal-comma"),
        pytest.param("id,tags,n\n1,a|b,3\n2,c|d,4\n3,e|f,5\n", ",", id="lists-in-cells"),
        pytest.param("id;Size, in mm;Price, EUR\n1;1,5;1,5\n2;7,5;2,5\n", ";", id="commas-in-the-header"),
        pytest.param("id\tname\n1\tone, two\n2\tone, two, three\n", "\t", id="commas-in-text"),
        pytest.param("id,name,note\n1,x\n2,y\n3,z|z\n4,a|a\n5,b|b\n", ",", id="short-rows"),
        pytest.param("id\n1\n2\n", ",", id="one-column"),
    ],
)
def test_a_delimiter_inside_cells_is_not_taken(text, delimiter):
    assert read(text).delimiter == delimiter


def test_the_first_line_of_excel_that_names_the_delimiter_is_understood():
    found = read("sep=:\r\nid:price\r\n1:2;3\r\n")

    assert (found.delimiter, found.columns, found.notices) == (":", ("id", "price"), [])
    assert [(row.line, row.cells) for row in found.rows] == [(3, ["1", "2;3"])]


def test_blanks_after_delimiters_may_come_before_quotes():
    found = read('id, name, price\n1, "Red, soft", 5\n2, "Blue\nhard", 6\n')

    assert (found.columns, found.cells) == (("id", "name", "price"), [["1", "Red, soft", "5"], ["2", "Blue\nhard", "6"]])


def test_blanks_before_quotes_inside_text_are_text():
    assert read('id,name\n1,"a, ""b"" c"\n2, x\n').cells == [["1", 'a, "b" c'], ["2", " x"]]


def test_a_first_line_that_names_no_delimiter_is_a_header():
    assert read('sep="\n1\n').columns == ('sep="',)


@pytest.mark.parametrize(("given", "delimiter"), [(";", ";"), ("tab", "\t"), ("\\t", "\t"), ("~", "~")])
def test_a_given_delimiter_outweighs_the_content(given, delimiter):
    found = read(f"sep=,\na{delimiter}b,c\n1{delimiter}2,3\n", delimiter=given)

    assert (found.delimiter, found.columns) == (delimiter, ("a", "b,c"))


@pytest.mark.parametrize("given", ["||", '"', "\n"])
def test_a_delimiter_is_one_character(given):
    with pytest.raises(ConfigurationError, match="one character"):
        read("a,b\n1,2\n", delimiter=given)


@pytest.mark.parametrize(
    ("above", "n_lines"),
    [
        pytest.param("Sales of Lakeside\n", 1, id="one-cell"),
        pytest.param("Sales;;;;\n;;;;\n\n", 3, id="padded"),
        pytest.param('"Sales\nof Lakeside"\n\nFrom;2026-01-01\n', 4, id="two-cells-and-a-line-break"),
        pytest.param('Made "today\n', 1, id="stray-quote"),
        pytest.param('"Made today\n', 1, id="stray-quote-at-the-beginning"),
    ],
)
def test_titles_above_the_header_are_named_and_not_read(above, n_lines):
    found = read(above + "id;name;price;stock;brand\n" + "1;Lamp;2;3;4\n" * 3)

    assert found.columns == ("id", "name", "price", "stock", "brand")
    assert [row.line for row in found.rows] == [n_lines + 2, n_lines + 3, n_lines + 4]
    assert found.notices == [f"The header is line {n_lines + 1}; the lines above it are not read."]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a,b,c\n1,2,3,4\n1,2,3,4\n1,2,3,4\n", id="rows-are-wider"),
        pytest.param("a,b,c\n1,2\n1,2\n1,2\n", id="rows-are-shorter"),
        pytest.param("a,b,c\n1,2,3\n", id="one-row"),
        pytest.param('a,b,c\n1,2,3\n"x\n1,"2"3,4\n', id="stray-quotes"),
    ],
)
def test_a_header_is_never_taken_for_a_title(text):
    found = read(text)

    assert (found.columns, found.notices) == (("a", "b", "c"), [])


def test_columns_are_the_stripped_texts_of_the_header():
    found = read('\ufeff  Product ID ,"Price\n(EUR)",,Price,Price\n1,2,3,4,5\n')

    assert found.columns == ("Product ID", "Price\n(EUR)", "", "Price", "Price")
    assert found.rows[0].line == 3


def test_a_header_may_stand_far_below_blank_lines():
    found = read("\n" * 70 + "a,b\n1,2\n3,4\n")

    assert (found.columns, [row.line for row in found.rows]) == (("a", "b"), [72, 73])


def test_a_header_longer_than_a_block_is_read():
    columns = tuple(f"column {number}" for number in range(9000))

    found = read(",".join(columns) + "\n" + ",".join(["1"] * 9000))

    assert (found.columns, len(found.rows[0].cells)) == (columns, 9000)


@pytest.mark.parametrize(
    "text",
    ["\n\n", " \n\t\n", '""\n', "x" * 1_000_001 + "\n1,2\n"],
    ids=["lines", "blanks", "quotes", "long"],
)
def test_a_file_without_a_header_is_not_understood(text):
    with pytest.raises(NotUnderstood, match=r"is empty, or its first line is longer"):
        read(text)


@pytest.mark.parametrize("text", [b"a,b\0\n1,2\n", b"\xc3\xbc,b\xff\n1,2\n"])
def test_a_header_with_damaged_characters_is_not_understood(text):
    with pytest.raises(NotUnderstood, match="header"):
        read(text)
