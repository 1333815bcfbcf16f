"""Read Parquet and Excel where pyarrow and openpyxl are installed; the project needs neither."""

import importlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from itertools import chain, islice
from typing import IO, Any, NamedTuple

from infra.ingest.errors import NotUnderstood
from infra.ingest.sources.dialect import SAMPLE_LINES, header_of, n_filled
from infra.ingest.sources.row import Row

_BATCH_ROWS = 1000


class Table(NamedTuple):
    columns: tuple[str, ...]
    rows: Iterator[Row]
    notices: list[str]


def parquet_table(file: IO[bytes], path: str) -> Table:
    """Return the table of a Parquet file; lists become text with `|` between their elements, dictionaries JSON."""
    parquet = _installed("pyarrow.parquet", path, "Parquet")
    try:
        table = parquet.ParquetFile(file)
        columns = tuple(table.schema_arrow.names)
    except Exception as error:
        raise _damaged(path, "Parquet") from error
    return Table(columns, _parquet_rows(table, path), [])


def _parquet_rows(table: Any, path: str) -> Iterator[Row]:
    number = 0
    batches = table.iter_batches(batch_size=_BATCH_ROWS)
    while True:
        try:
            batch = next(batches, None)
        except Exception as error:
            raise _damaged(path, "Parquet") from error
        if batch is None:
            return
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            yield Row(number, [text_of(value) for value in values])


def excel_table(file: IO[bytes], path: str) -> Table:
    """Return the first sheet of a workbook, with the results of its formulas, below the titles above its header."""
    openpyxl = _installed("openpyxl", path, "Excel")
    try:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
        sheet = workbook.worksheets[0]
        n_sheets = len(workbook.worksheets)
    except Exception as error:
        raise _damaged(path, "Excel") from error
    lines = ((number, cells) for number, cells in enumerate(_excel_cells(sheet, path), start=1) if n_filled(cells))
    first = list(islice(lines, SAMPLE_LINES))
    if not first:
        raise NotUnderstood(f"The first sheet of {path} is empty.")
    header = header_of([cells for _, cells in first])
    line, cells = first[header]
    columns = tuple(cell.strip() for cell in cells[: n_filled(cells)])
    notices = [f"The workbook has {n_sheets} sheets; only the first is read."] if n_sheets > 1 else []
    if header:
        notices.append(f"The header is line {line}; the lines above it are not read.")
    return Table(columns, _fitted(chain(first[header + 1 :], lines), len(columns)), notices)


def _excel_cells(sheet: Any, path: str) -> Iterator[list[str]]:
    rows = sheet.iter_rows(values_only=True)
    while True:
        try:
            values = next(rows, None)
        except Exception as error:
            raise _damaged(path, "Excel") from error
        if values is None:
            return
        yield [text_of(value) for value in values]


def _fitted(lines: Iterable[tuple[int, Sequence[str]]], width: int) -> Iterator[Row]:
    for number, cells in lines:
        if (n := n_filled(cells)) > width:
            yield Row(number, None, f"Expected {width} cells, found {n}")
        else:
            yield Row(number, [*cells[:width], *[""] * (width - len(cells))])


def text_of(value: Any) -> str:
    """Return a value of a table as the text that a CSV file would have: ISO dates, whole numbers without a point."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            if value != value:  # noqa: PLR0124  # NaN stands for an empty cell
                return ""
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace")
        case list():
            return "|".join(map(text_of, value))
        case dict():
            return json.dumps(value, default=text_of, ensure_ascii=False)
        case _:
            return str(value)


def _installed(module: str, path: str, layout: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise NotUnderstood(
            f"{path} is {layout}, which is read where {package} is installed (pip install {package}); or {_WAYS[layout]}."
        ) from error


_WAYS = {
    "Excel": "open it in Excel or LibreOffice and save it as CSV UTF-8",
    "Parquet": "export it as CSV, for example with pandas: read_parquet(FILE).to_csv(NEW_FILE, index=False)",
}


def _damaged(path: str, layout: str) -> NotUnderstood:
    return NotUnderstood(f"{path} is damaged or cut off: it cannot be read as {layout}.")
