"""Read rows from CSV and JSON Lines files: plain, .gz or .xz, `-` for standard input."""

import csv
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from domain.errors import ConfigurationError

STANDARD_INPUT = "-"
_JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}
_MAX_LINES_PER_ROW = 1000


class FileRow(NamedTuple):
    """One row of a file: its values by the file's own column names, or the reason why it cannot be read."""

    line: int
    values: dict[str, Any]
    refused: str | None = None


class OpenFile(NamedTuple):
    """An open file: `raw.tell()` of `size` bytes are read. `columns` is None for JSON Lines, `raw` and `size` for stdin."""

    columns: Sequence[str] | None
    rows: Iterator[FileRow]
    raw: IO[bytes] | None
    size: int | None


class _Lines:
    """Iterate over lines, count them, and go back to the second line of a row that is not CSV."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._row: list[str] = []
        self._pushed_back: list[str] = []
        self._number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._pushed_back.pop() if self._pushed_back else next(self._text)
        self._number += 1
        self._row.append(line)
        if len(self._row) > _MAX_LINES_PER_ROW:
            raise csv.Error
        return line

    def start_row(self) -> int:
        """Start a row and return the number of its first line."""
        self._row.clear()
        return self._number + 1

    def rewind_row(self) -> None:
        """Go back to the second line of the row: a stray quote must not swallow the lines after it."""
        lines = self._row[1:]
        self._pushed_back += reversed(lines)
        self._number -= len(lines)


@contextmanager
def open_rows(path: str) -> Generator[OpenFile]:
    """Open a file; raise ConfigurationError, also while reading, if it is missing, damaged or not UTF-8."""
    try:
        with _open_binary(path) as raw, _decompressed(path, raw) as stream:
            buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
            is_json = _is_json(path, buffered)
            text = io.TextIOWrapper(buffered, encoding="utf-8-sig", newline="")
            columns, rows = (None, _json_rows(text)) if is_json else _csv_rows(text)
            if path == STANDARD_INPUT:
                yield OpenFile(columns, rows, None, None)
            else:
                yield OpenFile(columns, rows, raw, Path(path).stat().st_size)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text.") from error
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise ConfigurationError(f"{path} is broken or cut off.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}.") from error


def _open_binary(path: str) -> IO[bytes]:
    return open(sys.stdin.fileno(), "rb", closefd=False) if path == STANDARD_INPUT else Path(path).open("rb")


def _decompressed(path: str, raw: IO[bytes]) -> Any:
    match Path(path).suffix:
        case ".gz":
            return gzip.open(raw)
        case ".xz":
            return lzma.open(raw)
        case _:
            return raw


def _is_json(path: str, stream: Any) -> bool:
    """Return whether a file is JSON Lines: by its name, or for standard input by its first character."""
    if path == STANDARD_INPUT:
        return stream.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    name = Path(path)
    return (name.with_suffix("") if name.suffix in {".gz", ".xz"} else name).suffix in _JSON_SUFFIXES


def _csv_rows(text: io.TextIOWrapper) -> tuple[Sequence[str], Iterator[FileRow]]:
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        columns = next(reader, [])
    except csv.Error as error:
        raise ConfigurationError(f"The header is not CSV: {error}.") from error
    return columns, _csv_body(reader, lines, columns)


def _csv_body(reader: Iterator[list[str]], lines: _Lines, columns: Sequence[str]) -> Iterator[FileRow]:
    """Yield the rows after the header; after a row that is not CSV, continue with the line that follows its first."""
    width = len(columns)
    while True:
        first_line = lines.start_row()
        try:
            cells = next(reader, None)
        except csv.Error:
            lines.rewind_row()
            yield FileRow(first_line, {}, "Not CSV")
            continue
        if cells is None:
            return
        if len(cells) == width:
            yield FileRow(first_line, dict(zip(columns, cells, strict=True)))
        elif cells:
            yield FileRow(first_line, {}, f"Expected {width} cells")


def _json_rows(text: io.TextIOWrapper) -> Iterator[FileRow]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            yield FileRow(number, decoder.decode(line))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            yield FileRow(number, {}, "Not a JSON object")
