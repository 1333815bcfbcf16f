"""Read the rows of a table with the C reader of the standard library, and go on after what is not CSV.

A stray quote must not swallow the lines after it. Where the strict reader fails, the first line of the row is refused, the
lines up to the one where it failed are read each alone, and reading goes on with that one; no line is read over three times.
"""

import csv
import re
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from infra.ingest.sources.dialect import CsvFormat
from infra.ingest.sources.encodings import UNDECODABLE, TextStream
from infra.ingest.sources.lines import LineBlocks
from infra.ingest.sources.row import MAX_CHARACTERS, TOO_LONG, Row

NOT_CSV = "Not CSV: a quote is not closed, or text follows a closing quote"
HAS_NUL = "Holds a NUL character"

_FORMULA = re.compile(r'="([^"]*)"')
_WHOLLY_QUOTED = re.compile(r'"([^"]*)"')


class CsvRows:
    """The rows of a table that is `width` cells wide."""

    def __init__(self, text: TextStream, csv_format: CsvFormat, *, width: int) -> None:
        self._text = text
        self._format = csv_format
        self._width = width
        self._is_odd = False

    def rows(self, blocks: LineBlocks, *, first_line: int) -> Iterator[Row]:
        """Yield a row for each that is not blank; `first_line` is the number of the first line of the blocks."""
        number = first_line
        lines: list[str] = []
        more: list[str] | None = []
        while True:
            self._is_odd = self._is_odd and bool(lines)
            n_characters = sum(map(len, lines))
            # With twice as many characters each time, a row of many blocks is read about twice.
            enough = min(2 * n_characters, MAX_CHARACTERS)
            while n_characters <= enough and (more := blocks.read()):
                text = "".join(more)
                self._is_odd = self._is_odd or "\0" in text or UNDECODABLE in text or '="' in text
                n_characters += len(text)
                lines += more
            done = yield from self._block(lines, number, is_last=not more)
            number += done
            del lines[:done]
            if more is None:
                yield Row(number, None, TOO_LONG)
                number += 1
            elif not more:
                return

    def _block(self, lines: list[str], number: int, *, is_last: bool) -> Generator[Row, None, int]:
        """Yield the rows of some lines, and return how many lines these are; the last row may go on in the next block."""
        width, is_odd = self._width, self._is_odd
        start = 0
        while start < len(lines):
            first = start
            source: Any = iter(lines)
            source.__setstate__(start)  # the index where it begins; a slice would copy all lines at each stray quote
            reader = self._format.reader(source)
            try:
                for cells in reader:
                    if len(cells) == width and not is_odd:
                        if any(cells):
                            yield Row(number + first, cells)
                    elif cells and (row := self._odd_row(cells, number + first, lines[first + 1 : start + reader.line_num])):
                        yield row
                    first = start + reader.line_num
            except csv.Error:
                end = start + reader.line_num
                if end == len(lines) and not is_last and sum(map(len, lines[first:])) <= MAX_CHARACTERS:
                    return first
                start = max(end - 1, first + 1)
                yield from self._rows_alone(lines[first:start], number + first)
            else:
                break
        return len(lines)

    def _odd_row(self, cells: list[str], number: int, later_lines: Sequence[str]) -> Row | None:
        """Return a row of another width or with odd characters, None if it is blank.

        Raise csv.Error if it is of another width because a stray quote swallowed whole rows, its later lines.
        """
        width = self._width
        if not any(cell.strip() for cell in cells):
            return None
        n_cells = len(cells)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if n_cells != width and later_lines and all(self._is_whole_row(line) for line in later_lines):
            raise csv.Error
        if len(cells) > width:
            return Row(number, None, f"Expected {width} cells, found {len(cells)}")
        return self._checked(number, cells + [""] * (width - len(cells)))

    def _is_whole_row(self, line: str) -> bool:
        try:
            rows = list(self._format.reader([line]))
        except csv.Error:
            return False
        return len(rows[0]) == self._width

    def _checked(self, number: int, cells: list[str]) -> Row:
        if any("\0" in cell for cell in cells):
            return Row(number, None, HAS_NUL)
        if any(UNDECODABLE in cell for cell in cells):
            return Row(number, None, f"Holds bytes that are not {self._text.encoding}")
        return Row(number, [cell if (found := _FORMULA.fullmatch(cell)) is None else found[1] for cell in cells])

    def _rows_alone(self, lines: Sequence[str], number: int) -> Iterator[Row]:
        """Yield the rows of lines where a quote that is not closed on its line is a stray one."""
        for line_number, line in enumerate(lines, start=number):
            try:
                cells = next(self._format.reader([line]))
            except csv.Error:
                yield self._as_written(line, line_number)
            else:
                if row := self._odd_row(cells, line_number, ()):
                    yield row

    def _as_written(self, line: str, number: int) -> Row:
        """Return the row of a line whose cells begin with quoted words, such as `"Big" cup`, or refuse it."""
        cells = line.rstrip("\r\n").split(self._format.delimiter)
        if len(cells) != self._width:
            return Row(number, None, NOT_CSV)
        for index, cell in enumerate(cells):
            if whole := _WHOLLY_QUOTED.fullmatch(cell.strip()):
                cells[index] = whole[1]
            elif cell.startswith('"') and (cell.endswith('"') or cell.count('"') % 2):
                return Row(number, None, NOT_CSV)
        return self._checked(number, cells)
