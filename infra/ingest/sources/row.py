"""What every reader of a file yields."""

from typing import Any, NamedTuple

MAX_CHARACTERS = 1_000_000
"""The length of one row, record or line; it bounds the memory that a file of any content takes."""

TOO_LONG = f"Longer than {MAX_CHARACTERS:,} characters"


class Row(NamedTuple):
    """One row of a file, or the reason, without its values, why it cannot be read.

    `line` is the number of its first line in CSV, JSON Lines and Excel, and otherwise the number of the record, from 1.
    `cells` are a list in the order of the columns, as long as these, a dictionary for JSON and XML, None if refused.
    """

    line: int
    cells: list[str] | dict[str, Any] | None
    refused: str | None = None
