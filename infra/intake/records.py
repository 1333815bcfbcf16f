"""Lines as records: the cells of a CSV row, or the values of a JSON object, with the names of their columns."""

import csv
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec import Struct

from domain.errors import Unusable
from infra.intake.files import Format, Lines, Overlong

Header = tuple[str, ...]

TOO_LONG = "Longer than a line may be"


class Record(Struct, frozen=True, gc=False):
    """What stands in a file from `line` on, not yet converted."""

    line: int
    columns: Header
    cells: Sequence[object]


class Refusal(Struct, frozen=True, gc=False):
    """Why a line is not stored; it never holds the value, which can be personal."""

    line: int
    field: str | None
    reason: str


def read_records(
    lines: Lines, form: Format | None, *, name: str, check: Callable[[Header], None]
) -> Iterator[Record | Refusal]:
    """Read CSV with a header line, which `check` may refuse, or JSON Lines; without `form`, `{` begins JSON Lines."""
    if form is None:
        form = _detected(lines)
    return json_records(lines) if form == "jsonl" else csv_records(lines, name=name, check=check)


def csv_records(lines: Lines, *, name: str, check: Callable[[Header], None]) -> Iterator[Record | Refusal]:
    """Read CSV as RFC 4180 has it; a row that is not, or that has not as many cells as the header, is refused."""
    reader = csv.reader(lines, strict=True)
    columns = _header(lines, reader, name=name)
    check(columns)
    while True:
        first = lines.begin()
        try:
            cells = next(reader, None)
        except (csv.Error, Overlong) as error:
            lines.retreat()
            yield Refusal(first, None, TOO_LONG if isinstance(error, Overlong) else "Malformed CSV")
            continue
        if cells is None:
            return
        if len(cells) == len(columns):
            yield Record(first, columns, cells)
        elif cells:
            yield Refusal(first, None, f"Expected {len(columns)} cells, found {len(cells)}")


def json_records(lines: Lines) -> Iterator[Record | Refusal]:
    """Read one JSON object a line; blank lines count, but say nothing."""
    while True:
        number = lines.begin()
        try:
            line = next(lines, None)
        except Overlong:
            yield Refusal(number, None, TOO_LONG)
            continue
        if line is None:
            return
        if not line.isspace():
            yield _record(number, line)


def _record(number: int, line: str) -> Record | Refusal:
    try:
        row = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return Refusal(number, None, "Malformed JSON")
    if not isinstance(row, dict):
        return Refusal(number, None, "Expected a JSON object")
    return Record(number, tuple(row), list(row.values()))


def _header(lines: Lines, reader: Iterator[list[str]], *, name: str) -> Header:
    lines.begin()
    try:
        while not (cells := next(reader)):
            lines.begin()
    except StopIteration:
        raise Unusable(f"{name} is empty; expected a header line.") from None
    except (csv.Error, Overlong) as error:
        raise Unusable(f"{name} does not begin with a header line of CSV.") from error
    return tuple(cell.strip() for cell in cells)


def _detected(lines: Lines) -> Format:
    """Look at the first line that is not blank, and put it back."""
    lines.begin()
    try:
        while (line := next(lines, "")).isspace():
            lines.begin()
    except Overlong:
        line = ""
    lines.retreat(keep=0)
    return "jsonl" if line.lstrip().startswith("{") else "csv"
