"""Files as rows: CSV and JSON Lines, plain, .gz or .xz, `-` for standard input."""

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
    """One line of a file: its values by the file's own column names, or why it cannot be read."""

    line: int
    values: dict[str, Any]
    refused: str | None = None


class Lines:
    """Count lines, and take back those of a row that turns out not to be one."""

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._row: list[str] = []
        self._again: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._text)
        self.number += 1
        self._row.append(line)
        if len(self._row) > _MAX_LINES_PER_ROW:
            raise csv.Error
        return line

    def begin(self) -> int:
        """Begin a row; return the number of its first line."""
        self._row.clear()
        return self.number + 1

    def retreat(self) -> None:
        """Give all lines of the row but its first once more: one stray quote must not swallow what follows it."""
        again = self._row[1:]
        self._again += reversed(again)
        self.number -= len(again)


class Rows(NamedTuple):
    """The rows of one file; `columns` is None where every line names its own; `position` tells the bytes read."""

    columns: Sequence[str] | None
    rows: Iterator[FileRow]
    position: IO[bytes] | None
    size: int | None


@contextmanager
def opened(path: str) -> Generator[Rows]:
    """Open one file; raise ConfigurationError, also while it is read, where it is missing, broken or not UTF-8."""
    try:
        with _binary(path) as raw, _decompressed(path, raw) as stream:
            buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
            is_json = _is_json(path, buffered)
            text = io.TextIOWrapper(buffered, encoding="utf-8-sig", newline="")
            columns, rows = (None, _json_rows(text)) if is_json else _csv_rows(text)
            is_file = path != STANDARD_INPUT
            yield Rows(columns, rows, raw if is_file else None, Path(path).stat().st_size if is_file else None)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text.") from error
    except (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error) as error:
        raise ConfigurationError(f"{path} is broken or cut off.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}.") from error


def _binary(path: str) -> IO[bytes]:
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
    """Tell by the name, or where there is none by the first character."""
    if path == STANDARD_INPUT:
        return stream.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    name = Path(path)
    return (name.with_suffix("") if name.suffix in {".gz", ".xz"} else name).suffix in _JSON_SUFFIXES


def _csv_rows(text: io.TextIOWrapper) -> tuple[Sequence[str], Iterator[FileRow]]:
    lines = Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        columns = next(reader, [])
    except csv.Error as error:
        raise ConfigurationError(f"The header is not CSV: {error}.") from error
    return columns, _below(reader, lines, columns)


def _below(reader: Iterator[list[str]], lines: Lines, columns: Sequence[str]) -> Iterator[FileRow]:
    """Yield the rows below a header, each by its first line; after one that is not CSV, go on with the next line."""
    width = len(columns)
    while True:
        first = lines.begin()
        try:
            cells = next(reader, None)
        except csv.Error:
            lines.retreat()
            yield FileRow(first, {}, "Not CSV")
            continue
        if cells is None:
            return
        if len(cells) == width:
            yield FileRow(first, dict(zip(columns, cells, strict=True)))
        elif cells:
            yield FileRow(first, {}, f"Expected {width} cells")


def _json_rows(text: io.TextIOWrapper) -> Iterator[FileRow]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            yield FileRow(number, decoder.decode(line))
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            yield FileRow(number, {}, "Not a JSON object")
