"""Rows of CSV: quotes, widths, lengths and line numbers."""

import pytest

from infra.ingest.sources import Row
from infra.ingest.sources.csv_rows import HAS_NUL, NOT_CSV
from infra.ingest.sources.row import TOO_LONG
from tests.infra.ingest.sources.reading import read


def test_rows_have_the_number_of_their_first_line():
    found = read('id,name\n1,Lamp\n\n2,"Chair,\nsolid oak"\n3,"Bench ""Park"""\n')

    assert found.columns == ("id", "name")
    assert found.rows == [
        Row(2, ["1", "Lamp"]),
        Row(4, ["2", "Chair,\nsolid oak"]),
        Row(6, ["3", 'Bench "Park"']),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_all_usual_line_ends_are_read(end):
    found = read(end.join(["id,name", "1,Lamp", "", "2,Desk"]))

    assert found.rows == [Row(2, ["1", "Lamp"]), Row(4, ["2", "Desk"])]


def test_characters_that_only_python_takes_for_line_ends_are_text():
    assert read("id,name\n1,a\x0bb\x85c\u2028d\x1ce\n").cells == [["1", "a\x0bb\x85c\u2028d\x1ce"]]


def test_short_rows_are_padded_and_empty_cells_at_the_end_are_cut():
    found = read("a,b,c\n1\n1,2\n1,2,3,,\n1,2,3\n")

    assert found.cells == [["1", "", ""], ["1", "2", ""], ["1", "2", "3"], ["1", "2", "3"]]


def test_rows_of_empty_cells_are_skipped():
    assert read("a,b\n1,2\n,\n\n  \n,,,\n3,4\n").cells == [["1", "2"], ["3", "4"]]


def test_a_row_with_too_many_cells_is_refused_without_its_values():
    assert read("a,b\n1,2\n1,2,secret\n3,4\n").refused == [(3, "Expected 2 cells, found 3")]


def test_excel_formulas_that_keep_zeros_are_unwrapped():
    assert read('a,b\n="00123",x\n"=""007""",=1+1\n').cells == [["00123", "x"], ["007", "=1+1"]]


def test_inch_marks_in_unquoted_cells_are_text():
    found = read('id\ttitle\n1\tSheet, 70" x 96"\n2\t6" nail\n3\tplain\n')

    assert found.cells == [["1", 'Sheet, 70" x 96"'], ["2", '6" nail'], ["3", "plain"]]


def test_words_in_quotes_at_the_beginning_of_a_cell_are_text():
    found = read('id,name,brand\n1,"Big" cup,"Ton"\n2,"Big" and "small",x\n3,"a" b" c,x\n4,"Big" cup\n5,"\0" cup,x\n')

    assert found.cells == [["1", '"Big" cup', "Ton"], None, None, None, None]
    assert found.refused == [(3, NOT_CSV), (4, NOT_CSV), (5, NOT_CSV), (6, HAS_NUL)]


def test_a_stray_quote_refuses_its_line_and_not_those_after_it():
    found = read('a,b\n1,"x\n2,y\n3,"z"\n4,"two\nlines"\n')

    assert found.rows == [Row(2, None, NOT_CSV), Row(3, ["2", "y"]), Row(4, ["3", "z"]), Row(5, ["4", "two\nlines"])]


def test_a_stray_quote_that_would_join_whole_rows_into_a_short_or_a_long_one_is_found():
    short = read('a,b,c\n1,"24 monitor,9\n2,y,12"\n3,z,7\n')
    long = read('a,b,c\n1,x,"9\n2,y,12",,4\n3,z,7\n4,"5\n5,6",,7\n6,7,"8\n9,10",x\n')

    assert short.rows == [Row(2, None, NOT_CSV), Row(3, ["2", "y", '12"']), Row(4, ["3", "z", "7"])]
    assert long.refused == [(2, "Expected 3 cells, found 5"), (5, "Expected 3 cells, found 4"), (7, NOT_CSV)]
    assert long.rows[-1] == Row(8, ["9", '10"', "x"])


def test_a_short_row_with_a_line_break_in_a_cell_stays_one_row():
    assert read('a,b,c\n1,"x\ny"\n2,"x\n""y"""\n').cells == [["1", "x\ny", ""], ["2", 'x\n"y"', ""]]


def test_a_file_that_ends_inside_a_quote_loses_only_that_line():
    found = read('a,b\n1,2\n3,"x\n4,5\n6\n\n7,8,9')

    assert found.rows == [
        Row(2, ["1", "2"]),
        Row(3, None, NOT_CSV),
        Row(4, ["4", "5"]),
        Row(5, ["6", ""]),
        Row(7, None, "Expected 2 cells, found 3"),
    ]


def test_cells_with_zero_characters_are_refused():
    assert read("a,b\n1,x\0y\n2,z\n").refused == [(2, HAS_NUL)]


def test_line_breaks_in_quotes_of_any_length_are_read():
    cell = "line\n" * 150_000

    found = read(f'a,b\n1,"{cell}"\n2,x\n')

    assert found.rows == [Row(2, ["1", cell]), Row(150_003, ["2", "x"])]


def test_a_row_of_over_a_million_characters_is_refused_and_the_lines_after_its_first_are_rows():
    line = "x" * 99
    found = read('a,b\n1,"' + f"{line}\n" * 10_001 + '"\n2,x\n')

    assert (found.rows[0], found.rows[1], found.rows[-1]) == (
        Row(2, None, NOT_CSV),
        Row(3, [line, ""]),
        Row(10_004, ["2", "x"]),
    )
    assert len(found.rows) == 10_003


def test_a_line_of_over_a_million_characters_is_refused_alone():
    found = read("a,b\n1,2\n" + "x" * 1_000_001 + "\n3,4\n5," + "y" * 2_000_000 + '\n6,"7\n' + '"z' * 1_000_000)

    assert found.rows == [
        Row(2, ["1", "2"]),
        Row(3, None, TOO_LONG),
        Row(4, ["3", "4"]),
        Row(5, None, TOO_LONG),
        Row(6, None, NOT_CSV),
        Row(7, None, TOO_LONG),
    ]


def test_a_line_of_just_a_million_characters_is_read():
    assert read("a,b\n1,2\n3," + "x" * 999_997 + "\n").cells[1][1] == "x" * 999_997


@pytest.mark.parametrize("line", ['"a', 'a","b', '"a""', '""a'])
@pytest.mark.parametrize("n", [1, 2, 20_000])
def test_every_line_with_a_stray_quote_is_counted_once(line, n):
    found = read("a,b\n1,2\n" + f"{line}\n" * n + "3,4\n")

    assert [row.line for row in found.rows] == list(range(2, n + 4))
    assert found.rows[-1].cells == ["3", "4"]
