"""Open a file of rows, whatever it is: its compression, encoding and layout show in its content."""

import csv
import os
import stat
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Literal

from infra.ingest.errors import FileUnreadable, NotUnderstood
from infra.ingest.sources.byte_stream import ByteStream, reading
from infra.ingest.sources.compression import decompressed, is_workbook
from infra.ingest.sources.content import HEAD_BYTES, refuse_binary, refuse_other_content, refuse_web_page
from infra.ingest.sources.csv_rows import CsvRows
from infra.ingest.sources.dialect import SAMPLE_LINES, checked_delimiter, find_dialect
from infra.ingest.sources.encodings import UNDECODABLE, TextStream, encoding_of
from infra.ingest.sources.json_rows import json_rows
from infra.ingest.sources.lines import LineBlocks
from infra.ingest.sources.row import MAX_CHARACTERS, Row
from infra.ingest.sources.tables import excel_table, parquet_table
from infra.ingest.sources.xml_rows import xml_rows

STANDARD_INPUT = "-"

Layout = Literal["CSV", "JSON Lines", "JSON", "XML", "Parquet", "Excel"]


@dataclass(kw_only=True)
class OpenFile:
    """An open file. `columns` are None for records, of which there is at least one, and whose cells are dictionaries."""

    path: str
    layout: Layout
    compression: str | None = None
    size: int | None = None
    """Bytes of the file itself; None for standard input and pipes."""
    position: Callable[[], int] = int
    """How many of these bytes are read."""
    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    rows: Iterator[Row]
    text: TextStream | None = None
    own_notices: list[str] = field(default_factory=list)

    @property
    def encoding(self) -> str | None:
        """Return its name, which can change at the first byte that is not UTF-8; None for Parquet and Excel."""
        return self.text and self.text.encoding

    @property
    def notices(self) -> list[str]:
        """Return sentences for the user; more can come while the file is read."""
        return [*self.own_notices, *(self.text.notices if self.text else ())]


@contextmanager
def open_rows(path: str, *, encoding: str | None = None, delimiter: str | None = None) -> Generator[OpenFile]:
    """Open a file, or standard input for `-`; raise FileUnreadable or NotUnderstood, also while its rows are read.

    `encoding` and `delimiter` outweigh what the content shows; ConfigurationError is raised if they are none.
    """
    delimiter = delimiter and checked_delimiter(delimiter)
    with ExitStack() as stack:
        with reading(path):
            raw = stack.enter_context(_opened(path))
            status = os.fstat(raw.fileno())
        is_file = stat.S_ISREG(status.st_mode) and path != STANDARD_INPUT
        source = ByteStream(raw, path, file=raw if is_file else None)
        # The limit of the standard library is for the whole process.
        stack.callback(csv.field_size_limit, csv.field_size_limit(MAX_CHARACTERS))
        stream, compression = decompressed(source, stack)
        opened = _open_content(stream, stack, encoding, delimiter)
        opened.compression = compression
        first = next(opened.rows, None)
        if first is None and opened.columns is None:
            raise NotUnderstood(f"{path} has no records.")
        # An export without new lines is a header alone.
        opened.rows = chain(() if first is None else (first,), opened.rows)
        if is_file:
            opened.size = status.st_size
            opened.position = raw.tell
            opened.rows = chain(opened.rows, _unchanged(raw, path, status))
        else:
            opened.position = lambda: source.taken
        yield opened


def _opened(path: str) -> IO[bytes]:
    return open(sys.stdin.fileno(), "rb", closefd=False) if path == STANDARD_INPUT else Path(path).open("rb")


def _unchanged(raw: IO[bytes], path: str, before: os.stat_result) -> Iterator[Row]:
    """Yield nothing, and raise FileUnreadable if the file was written while it was read."""
    after = os.fstat(raw.fileno())
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise FileUnreadable(f"{path} changed while it was read; repeat the command when the file is complete.")
    yield from ()


def _open_content(stream: ByteStream, stack: ExitStack, encoding: str | None, delimiter: str | None) -> OpenFile:
    path = stream.path
    head = stream.peek(HEAD_BYTES)
    if head.startswith(b"PAR1"):
        table = parquet_table(stream.seekable_file(stack), path)
        return OpenFile(path=path, layout="Parquet", columns=table.columns, rows=table.rows, own_notices=table.notices)
    if is_workbook(stream, stack):
        table = excel_table(stream.seekable_file(stack), path)
        return OpenFile(path=path, layout="Excel", columns=table.columns, rows=table.rows, own_notices=table.notices)
    refuse_other_content(path, head)
    encoding = encoding or encoding_of(head)
    if encoding is None:
        refuse_binary(path, head)
    return _open_text(TextStream(stream, encoding), path, delimiter)


def _open_text(text: TextStream, path: str, delimiter: str | None) -> OpenFile:
    head = text.peek(HEAD_BYTES)
    refuse_web_page(path, head)
    beginning = head.lstrip()[:1]
    if beginning == "<":
        return OpenFile(path=path, layout="XML", rows=xml_rows(text, path), text=text)
    if beginning and beginning in "{[":
        layout, rows = json_rows(text, path)
        return OpenFile(path=path, layout=layout, rows=rows, text=text)
    return _open_csv(text, path, delimiter)


def _open_csv(text: TextStream, path: str, delimiter: str | None) -> OpenFile:
    blocks = LineBlocks(text)
    dialect = find_dialect(blocks.peek(SAMPLE_LINES), delimiter=delimiter)
    if dialect is None:
        raise NotUnderstood(f"{path} is empty, or its first line is longer than {MAX_CHARACTERS:,} characters.")
    if any(odd in column for column in dialect.columns for odd in ("\0", UNDECODABLE)):
        raise NotUnderstood(
            f"The header of {path} holds bytes that are not {text.encoding}; name its encoding with --encoding."
        )
    blocks.drop(dialect.n_lines)
    rows = CsvRows(text, dialect.format, width=len(dialect.columns))
    return OpenFile(
        path=path,
        layout="CSV",
        delimiter=dialect.format.delimiter,
        columns=dialect.columns,
        rows=rows.rows(blocks, first_line=dialect.n_lines + 1),
        text=text,
        own_notices=[f"The header is line {dialect.n_titles + 1}; the lines above it are not read."]
        if dialect.n_titles
        else [],
    )
