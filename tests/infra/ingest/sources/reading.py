"""Read bytes as a file."""

import tempfile
from typing import Any, NamedTuple

from infra.ingest.errors import FileUnreadable, NotUnderstood
from infra.ingest.sources import Row, open_rows


class Read(NamedTuple):
    layout: str
    encoding: str | None
    delimiter: str | None
    compression: str | None
    columns: tuple[str, ...] | None
    rows: list[Row]
    notices: list[str]

    @property
    def cells(self) -> list[Any]:
        return [row.cells for row in self.rows]

    @property
    def refused(self) -> list[tuple[int, str]]:
        return [(row.line, row.refused) for row in self.rows if row.refused]


def read(content: str | bytes, **options: str) -> Read:
    """Write a file, and read all its rows."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        with open_rows(file.name, **options) as opened:
            rows = list(opened.rows)
            return Read(
                opened.layout,
                opened.encoding,
                opened.delimiter,
                opened.compression,
                opened.columns,
                rows,
                opened.notices,
            )


def read_or_error(content: str | bytes, **options: str) -> Read | str:
    """Return the file, or the message of the error that it is refused with."""
    try:
        return read(content, **options)
    except (NotUnderstood, FileUnreadable) as error:
        return str(error)
