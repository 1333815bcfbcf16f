"""Records of JSON Lines, lists and objects."""

import json

import pytest

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources import Row
from infra.ingest.sources.json_rows import NOT_AN_OBJECT
from infra.ingest.sources.row import TOO_LONG
from tests.infra.ingest.sources.reading import read

RECORDS = [
    {"id": "1", "tags": ["a, b", '"]}']},
    {"id": 12345678901234567890123, "price": 2.5, "x": {"y": None}},
    {"id": "ü"},
]
ROWS = [Row(number, record) for number, record in enumerate(RECORDS, start=1)]
LONG = 1_000_001


def test_json_lines_have_the_numbers_of_their_lines():
    found = read('\ufeff{"id": "1"}\n\n  {"id": 2}\r\nno json\n[1]\n{"id": NaN}\n{"id": "3"}')

    assert (found.layout, found.columns) == ("JSON Lines", None)
    assert [(row.line, row.cells) for row in found.rows if row.cells] == [(1, {"id": "1"}), (3, {"id": 2}), (7, {"id": "3"})]
    assert found.refused == [(line, NOT_AN_OBJECT) for line in (4, 5, 6)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "around", ["{}", " \n{}\n ", '{{"products": {}}}', '{{"n": 3, "none": [1], "products": {}, "page": {{}}}}']
)
def test_lists_are_read_alone_or_in_an_object(indent, around):
    found = read(around.format(json.dumps(RECORDS, indent=indent)))

    assert (found.layout, found.rows) == ("JSON", ROWS)


@pytest.mark.parametrize("around", ["[{}]", '{{"total": 5, "a\\"b": ["]", [{{"d": 1}}]], "products": [{}], "next": "x"}}'])
def test_a_list_of_any_length_is_read(around):
    records = ROWS[:2] * 3000

    found = read(around.format(", \n".join(json.dumps(row.cells, indent=1) for row in records)))

    assert found.cells == [row.cells for row in records]
    assert [row.line for row in found.rows] == list(range(1, 6001))


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_one_record(indent):
    for record in (RECORDS[0], {"order_id": 1, "items": [{"sku": "a"}]}, {"orderId": "x", "lines": [{"a": 1}]}, {"a": []}):
        if record == {"a": []}:
            with pytest.raises(NotUnderstood, match="no records"):
                read(json.dumps(record, indent=indent))
        else:
            found = read(json.dumps(record, indent=indent))
            assert found.rows == [Row(1, record)]


def test_elements_that_are_no_objects_are_refused():
    found = read('[{"id": 1}, 2, "a,]", [3], {"id": NaN}, {"id": 4,}, {"id": 5} {"id": 6}, {"id": 7},]')

    assert [(row.line, row.cells) for row in found.rows if row.cells] == [(1, {"id": 1}), (8, {"id": 7})]
    assert found.refused == [(number, NOT_AN_OBJECT) for number in range(2, 8)]


def test_an_element_that_is_not_json_is_refused_also_in_an_object():
    found = read('{"products": [{"id": 1}, {"id": 01}, {"id": 3}]}')

    assert (found.cells, found.refused) == ([{"id": 1}, None, {"id": 3}], [(2, NOT_AN_OBJECT)])


@pytest.mark.parametrize(
    "element",
    [
        pytest.param('{"a": "' + "x" * LONG + '"}', id="string"),
        pytest.param('{"a": "' + '\\"' * LONG + '"}', id="escapes"),
        pytest.param('{"a": [' + "[], " * (LONG // 4) + "1]}", id="brackets"),
        pytest.param('{"a": [' + '"[", ' * (LONG // 5) + "1]}", id="strings"),
        pytest.param("1" * LONG, id="number"),
        pytest.param('"' + "x" * LONG + '"', id="scalar"),
    ],
)
def test_an_element_of_over_a_million_characters_is_refused_alone(element):
    for text in (f'[{{"id": 1}}, {element}, {{"id": 3}}]', f'{{"products": [{{"id": 1}}, {element}, {{"id": 3}}], "n": 2}}'):
        assert read(text).rows == [Row(1, {"id": 1}), Row(2, None, TOO_LONG), Row(3, {"id": 3})]


def test_a_line_of_over_a_million_characters_is_refused_alone():
    found = read('{"id": 1}\n{"a": "' + "x" * LONG + '"}\n{"id": 3}\n')

    assert found.rows == [Row(1, {"id": 1}), Row(2, None, TOO_LONG), Row(3, {"id": 3})]


def test_a_first_line_longer_than_the_sample_is_read():
    record = {"id": "x" * 200_000}

    assert read(f"{json.dumps(record)}\n" * 2).cells == [record, record]


def test_elements_nested_too_deeply_are_refused():
    assert read('[{"id": 1}, ' + "[" * 100_000 + "]" * 100_000 + "]").refused == [(2, NOT_AN_OBJECT)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("document", [RECORDS, {"n": 1, "products": RECORDS, "next": "x"}, RECORDS[1]])
def test_json_cut_anywhere_is_not_understood(indent, document):
    text = json.dumps(document, indent=indent)

    for length in range(len(text)):
        with pytest.raises(NotUnderstood):
            read(text[:length])


def test_a_long_list_that_is_cut_says_so():
    for end in ("", ', {"id": "', ', {"a": "' + "x" * LONG, ", ", ', {"id": 1}'):
        with pytest.raises(NotUnderstood, match="is cut off"):
            read("[" + ", ".join(['{"id": 1}'] * 5000) + end)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('[{"id": 1}] {"id": 2}', "more text follows after its end", id="text-after-the-list"),
        pytest.param('[{"id": 1}]' + " " * 100_000 + "x", "more text follows after its end", id="text-long-after-the-list"),
        pytest.param('[{"id": 1}}', "is damaged", id="wrong-bracket"),
        pytest.param('{"a": [{"b": 1}, {"b": NaN}]]', "is damaged", id="wrong-bracket-of-an-object"),
        pytest.param('{"a": NaN]', "is damaged", id="wrong-bracket-of-a-member"),
        pytest.param("{a: 1]", "is damaged", id="names-without-quotes"),
        pytest.param('{\n"id": 1\n}\n{\n"id": 2\n}\n', "neither one object per line", id="indented-objects"),
        pytest.param('{"a": NaN}', "neither one object per line", id="not-json"),
        pytest.param('{"a": [{"b": NaN}], "c": [{"d": 1}]}', "more than one list", id="two-lists"),
        pytest.param('{"a": "' + "x" * LONG + '"}', "neither one object per line", id="long-object"),
    ],
)
def test_other_json_is_not_understood(text, message):
    with pytest.raises(NotUnderstood, match=message):
        read(text)
