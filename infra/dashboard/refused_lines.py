"""The refused lines of an upload as a table for a spreadsheet: where each is, why it was refused, and what it says."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from infra.ingest.errors import FileUnreadable, NotUnderstood
from infra.ingest.sources import Row, open_rows

MAX_LINES = 100_000
MAX_BYTES = 16_000_000
"""Of the table; further lines are left out, as whoever mends so many starts with these."""
LINE, REASON, RECORD = "line", "refused because", "record"
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins a formula in some spreadsheet, also as wide characters."""
_FORMULA_WITHIN = re.compile(r'([;|\t\r\n]["\s]*)([=+@\uff1d\uff0b\uff0d\uff20-])')
"""A formula in a spreadsheet that takes another character than the comma as the end of a cell."""


def write_refused_lines(refusals: Path, *, of_file: Path, table: Path) -> None:
    """Write the lines of a file that an import refused, which `refusals` lists as JSON Lines."""
    reasons = _reasons(refusals)
    with (
        suppress(FileUnreadable, NotUnderstood),
        open_rows(str(of_file)) as file,
        table.open("w", encoding="utf-8", errors="replace", newline="") as target,
    ):
        # The mark at the beginning tells spreadsheets the encoding.
        target.write("\ufeff")
        writer = csv.writer(target, quoting=csv.QUOTE_ALL)
        writer.writerow(map(safe_cell, (LINE, REASON, *(file.columns or (RECORD,)))))
        for row in _refused(file.rows, reasons):
            writer.writerow([row.line, safe_cell("; ".join(reasons[row.line])), *map(safe_cell, _cells(row))])
            if target.tell() > MAX_BYTES:
                break


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula; numbers stay as they are."""
    text = _FORMULA_WITHIN.sub(r"\1'\2", text)
    if not text.lstrip(" ").startswith(_FORMULA_SIGNS):
        return text
    with suppress(ValueError):
        float(text)
        return text
    return f"'{text}"


def _reasons(refusals: Path) -> dict[int, list[str]]:
    """Return the reasons of refused lines by the number of the line."""
    reasons: dict[int, list[str]] = {}
    with refusals.open("rb") as lines:
        for line in lines:
            refused = msgspec.json.decode(line)
            if refused["line"] in reasons or len(reasons) < MAX_LINES:
                field = f"{refused['field']}: " if refused["field"] else ""
                reasons.setdefault(refused["line"], []).append(f"{field}{refused['reason']}")
    return reasons


def _refused(rows: Iterator[Row], reasons: dict[int, list[str]]) -> Iterator[Row]:
    last = max(reasons, default=0)
    return (row for row in takewhile(lambda row: row.line <= last, rows) if row.line in reasons)


def _cells(row: Row) -> Sequence[str]:
    """Return the cells of a row as texts, nothing for one that cannot be read; a record is one cell of JSON."""
    cells: Any = row.cells
    if isinstance(cells, dict):
        return [json.dumps(cells, ensure_ascii=False, default=str)]
    return [str(cell) for cell in cells or ()]
