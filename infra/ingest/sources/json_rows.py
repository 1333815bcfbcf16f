"""Read records from JSON Lines, from a list of any length, and from one object, which is a record or holds the list."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any, Literal

import msgspec

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources.encodings import UNDECODABLE, TextStream
from infra.ingest.sources.json_elements import JsonElements
from infra.ingest.sources.lines import LineBlocks
from infra.ingest.sources.row import MAX_CHARACTERS, TOO_LONG, Row

NOT_AN_OBJECT = "Not a JSON object"

_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_LINES = 20
_NAMES_A_RECORD = re.compile(r"(id|sku|email|number|currency)$|^event", re.IGNORECASE)
_DECODER = msgspec.json.Decoder(dict[str, Any])


def json_rows(text: TextStream, path: str) -> tuple[Literal["JSON", "JSON Lines"], Iterator[Row]]:
    """Return the layout and the records of text that begins with a bracket or a brace."""
    if text.peek(_SAMPLE_CHARACTERS).lstrip().startswith("["):
        return "JSON", _list_rows(text, path)
    if _is_json_lines(text):
        return "JSON Lines", _line_rows(text)
    return "JSON", _object_rows(text, path)


def _is_json_lines(text: TextStream) -> bool:
    """Return whether half of the first lines are objects; one line alone can also be an object that holds the list."""
    head = text.peek(_SAMPLE_CHARACTERS)
    if "\n" not in head.strip():
        head = text.peek(MAX_CHARACTERS)
    lines = StringIO(head, newline="").readlines()
    if not text.ended and lines:
        lines.pop()
    lines = [line for line in lines if line.strip()][:_SAMPLE_LINES]
    records = [record for line in lines if (record := _decoded(line)) is not None]
    if 2 * len(records) < max(len(lines), 1):
        return False
    return len(lines) > 1 or not text.ended or not _holds_the_list(records[0])


def _decoded(text: str) -> dict[str, Any] | None:
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _holds_the_list(record: dict[str, Any]) -> bool:
    """Return whether one member is a list of objects, and none is the id of a record, such as an order with its items."""
    lists = [value for value in record.values() if isinstance(value, list) and (not value or isinstance(value[0], dict))]
    return len(lists) == 1 and not any(_NAMES_A_RECORD.search(name) for name in record)


def _line_rows(text: TextStream) -> Iterator[Row]:
    blocks = LineBlocks(text)
    number = 1
    while (lines := blocks.read()) != []:
        if lines is None:
            yield Row(number, None, TOO_LONG)
            number += 1
            continue
        for index, line in enumerate(lines):
            if not line.isspace():
                yield _row(number + index, line, text)
        number += len(lines)


def _list_rows(text: TextStream, path: str) -> Iterator[Row]:
    elements = JsonElements(text, path)
    elements.enter("[")
    yield from _element_rows(elements, text)
    elements.expect_end()


def _element_rows(elements: JsonElements, text: TextStream) -> Iterator[Row]:
    for number, element in enumerate(elements.of_list(), start=1):
        yield Row(number, None, TOO_LONG) if element is None else _row(number, element, text)


def _row(number: int, element: str, text: TextStream) -> Row:
    record = _decoded(element)
    if record is not None:
        return Row(number, record)
    return Row(number, None, f"Holds bytes that are not {text.encoding}" if UNDECODABLE in element else NOT_AN_OBJECT)


def _object_rows(text: TextStream, path: str) -> Iterator[Row]:
    head = text.peek(MAX_CHARACTERS + 1)
    record = _decoded(head) if len(head) <= MAX_CHARACTERS else None
    if record is not None and not _holds_the_list(record):
        yield Row(1, record)
        return
    elements = JsonElements(text, path)
    elements.enter("{")
    if not elements.enter_list_of_objects():
        raise NotUnderstood(
            f"{path} is JSON, but neither one object per line, nor a list of objects, nor an object with one such list."
        )
    yield from _element_rows(elements, text)
    if elements.enter_list_of_objects():
        raise NotUnderstood(f"{path} holds more than one list of objects; import each from a file of its own.")
    elements.expect_end()
