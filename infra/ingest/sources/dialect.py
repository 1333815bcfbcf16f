"""Find the delimiter and the header of a table by its first rows."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from domain.errors import ConfigurationError

SAMPLE_LINES = 60

_DELIMITERS = "\t;|,"
"""Of delimiters that are equally good the first is taken: a comma stands in the cells of more files than the others do."""
_SEP_LINE = re.compile(r'"?sep=([^\w"\r\n\0])"?\s*', re.IGNORECASE)
_MAX_ROWS_ABOVE_HEADER = 30
_ROWS_THAT_CONFIRM = 20
_NAMES = {"tab": "\t", "\\t": "\t"}


class CsvFormat(NamedTuple):
    """How cells are separated: a blank after a delimiter may come before a quote."""

    delimiter: str
    skips_blank: bool = False

    def reader(self, lines: Iterable[str]) -> Any:
        """Return a reader that raises csv.Error where a quote is not closed, or text follows a closing quote."""
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.skips_blank, strict=True)


class Dialect(NamedTuple):
    """How to read a table: its rows follow after `n_lines`, of which `n_titles` stand above the header."""

    format: CsvFormat
    columns: tuple[str, ...]
    n_titles: int
    n_lines: int


class _SampleRow(NamedTuple):
    line: int
    next_line: int
    cells: list[str]


class _Candidate(NamedTuple):
    """A format with the rows that it makes, the header among them, and the share of rows that agree with it."""

    format: CsvFormat
    rows: list[_SampleRow]
    header: int
    score: float


def find_dialect(lines: Sequence[str], *, delimiter: str | None = None) -> Dialect | None:
    """Return the dialect of the first lines of a file, None if all of them are blank."""
    if not lines:
        return None
    start = 0
    if sep_line := _SEP_LINE.fullmatch(lines[0]):
        start = 1
        delimiter = delimiter or sep_line[1]
    formats = [CsvFormat(each) for each in (delimiter or _DELIMITERS)]
    formats += [CsvFormat(each.delimiter, skips_blank=True) for each in formats if _has_blank_before_quote(lines, each)]
    candidates = [found for each in formats if (found := _candidate(lines, each, start))]
    if not candidates:
        return None
    best = max(candidates, key=lambda found: (found.score, len(found.rows[found.header].cells)))
    if not best.score:  # one column, which no delimiter splits
        best = best._replace(format=CsvFormat(delimiter or ","))
    header = best.rows[best.header]
    columns = tuple(cell.strip().removeprefix("\ufeff").strip() for cell in header.cells)
    return Dialect(best.format, columns, header.line if best.header else 0, header.next_line)


def _has_blank_before_quote(lines: Sequence[str], csv_format: CsvFormat) -> bool:
    return any(f'{csv_format.delimiter} "' in line for line in lines)


def checked_delimiter(delimiter: str) -> str:
    """Return the character that `--delimiter` means; raise ConfigurationError if it is not one."""
    character = _NAMES.get(delimiter.lower(), delimiter)
    if len(character) != 1 or character in '"\r\n\0':
        raise ConfigurationError("--delimiter takes one character, such as ; or tab.")
    return character


def _candidate(lines: Sequence[str], csv_format: CsvFormat, start: int) -> _Candidate | None:
    rows = _sample_rows(lines, csv_format, start)
    if not rows:
        return None
    header = header_of([row.cells for row in rows])
    return _Candidate(csv_format, rows, header, _score(rows, header, csv_format.delimiter))


def _sample_rows(lines: Sequence[str], csv_format: CsvFormat, start: int) -> list[_SampleRow]:
    rows: list[_SampleRow] = []
    while start < len(lines) and len(rows) < SAMPLE_LINES:
        reader = csv_format.reader(lines[start:])
        first = start
        try:
            for cells in reader:
                if n_filled(cells):
                    rows.append(_SampleRow(first, start + reader.line_num, cells))
                first = start + reader.line_num
                if len(rows) == SAMPLE_LINES:
                    break
            start = len(lines)
        except csv.Error:
            rows.append(_SampleRow(first, first + 1, lines[first].rstrip("\r\n").split(csv_format.delimiter)))
            start = first + 1
    return rows


def header_of(rows: Sequence[Sequence[str]]) -> int:
    """Return the index of the first row with two different cells that most of the next rows agree with in width.

    `rows` are not blank. What stands above the header is a title: a row of one cell, or of less than half as many cells as a
    row after it. The next rows have the width of the header, or, if there is no such header, at most its width. Without
    either, the first row is the header.
    """
    for exact in (True, False):
        for index, cells in enumerate(rows[:_MAX_ROWS_ABOVE_HEADER]):
            if _n_distinct(cells) < 2:
                continue
            following = rows[index + 1 : index + 1 + _ROWS_THAT_CONFIRM]
            if _is_confirmed(cells, following, exact=exact):
                return index
            if any(2 * n_filled(cells) > n_filled(later) for later in following):
                break
    return 0


def n_filled(cells: Sequence[str]) -> int:
    """Return the number of cells up to the last that is not blank."""
    return next((n for n in range(len(cells), 0, -1) if cells[n - 1].strip()), 0)


def _n_distinct(cells: Sequence[str]) -> int:
    return len({cell.strip() for cell in cells} - {""})


def _is_confirmed(header: Sequence[str], following: Sequence[Sequence[str]], *, exact: bool) -> bool:
    agreeing = sum(n_filled(cells) <= n_filled(header) and (not exact or len(cells) == len(header)) for cells in following)
    return bool(following) and 2 * agreeing >= len(following)


def _score(rows: Sequence[_SampleRow], header: int, delimiter: str) -> float:
    cells = rows[header].cells
    if len(cells) < 2:
        return 0.0
    agreeing = 1.0
    for row in rows[header + 1 :]:
        agreeing += 1.0 if len(row.cells) == len(cells) else 0.8 * (2 <= n_filled(row.cells) <= len(cells))
    # A delimiter that stands only in the cells of a table makes a header of a row; its cells hold the real delimiter.
    others = max("".join(cells).count(other) for other in _DELIMITERS if other != delimiter)
    return agreeing / len(rows) * (0.5 if others >= len(cells) else 1.0)
