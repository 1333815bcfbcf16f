"""The cells of a row under our names: their raw values, and converters that remember what they read."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, cast

import msgspec

from domain.records.values import MAX_CLOCK_SKEW, Money, Text, readable_message, to_microseconds
from infra.ingest.formats.format import MULTIPLE
from infra.ingest.formats.paths import RecordReader
from infra.ingest.lines import RowRefused
from infra.ingest.options import ImportOptions
from infra.ingest.sources import Row
from infra.ingest.understanding import Understanding
from infra.ingest.values.instants import InstantReader
from infra.ingest.values.money import MoneyReader

NULLS = frozenset(
    {"", "null", "\\n", "nan", "<na>", "n/a", "#n/a", "#value!", "#ref!", "#name?", "#div/0!", "#null!", "#num!"}
)
"""Texts that mean an empty cell: of databases and data frames, and what spreadsheets write for a failed formula."""

MAX_TEXT = 200
MAX_REMEMBERED = 100_000
MAX_RARE_REMEMBERED = 5000
_RARE_FIELDS = frozenset({"occurred_at", "order_id", "event_id"})
"""Fields whose values repeat in neighbouring lines at most."""
NOW = "now"

Convert = Callable[[Any], Any]


class Memo(dict[str, Any]):
    """The values of texts, which repeat a lot in a file; raise RowRefused for a text that the field cannot have."""

    def __init__(self, field: str, convert: Convert, *, empty: Any, nulls: frozenset[str]) -> None:
        super().__init__()
        self._field, self._convert, self._empty, self._nulls = field, convert, empty, nulls
        self._limit = MAX_RARE_REMEMBERED if field in _RARE_FIELDS else MAX_REMEMBERED

    def __missing__(self, text: str) -> Any:
        value = self.of(text)
        if len(self) >= self._limit:
            self.clear()
        self[text] = value
        return value

    def of(self, value: Any) -> Any:
        """Convert a value, which need not be a text."""
        if is_null(value, self._nulls):
            return self._empty
        try:
            return self._convert(value)
        except ValueError as error:
            raise RowRefused(self._field, str(error)) from None


class Fields:
    """Return the raw values of our fields in a row: one dict for each line that the row stands for."""

    def __init__(self, understood: Understanding, *, is_table: bool, nulls: Collection[str]) -> None:
        sources = understood.sources
        self._records = None if is_table else RecordReader(sources, nulls)
        indexes = {column: index for index, column in reversed(list(enumerate(understood.columns)))}
        self._columns = (
            [(field, [indexes[column] for column in columns], field in MULTIPLE) for field, columns in sources.items()]
            if is_table
            else []
        )

    def __call__(self, cells: list[str] | dict[str, Any]) -> list[dict[str, Any]]:
        if self._records is not None:
            return self._records(cast("dict[str, Any]", cells))
        texts = cast("list[str]", cells)
        return [{
            field: [texts[index] for index in indexes if texts[index]]
            if takes_all
            else next((texts[index] for index in indexes if texts[index].strip()), "")
            for field, indexes, takes_all in self._columns
        }]  # fmt: skip


def nulls_of(understood: Understanding, options: ImportOptions) -> frozenset[str]:
    """Return the texts, in small letters, that mean an empty cell in every field."""
    return NULLS | {null.casefold() for null in (*options.nulls, *understood.format.nulls)}


def instant_reader(understood: Understanding, field: str) -> InstantReader:
    order = understood.date_orders.get(field)
    return InstantReader(None if order == "undecidable" else order)


def bounded_instant(understood: Understanding, field: str, *, now: datetime) -> Convert:
    """Return a converter to microseconds, which refuses instants before 1970 and more than five minutes after `now`."""
    read, latest = instant_reader(understood, field), to_microseconds(now + MAX_CLOCK_SKEW)

    def convert(value: Any) -> int:
        microseconds = read(value)
        if microseconds < 0:
            raise ValueError("Expected an instant of 1970 or later")
        if microseconds > latest:
            raise ValueError("Expected an instant at most 5 minutes ahead")
        return microseconds

    return convert


def is_null(value: Any, nulls: Collection[str]) -> bool:
    """Return whether a value is none, or a text that means an empty cell; `nulls` are in small letters."""
    return value is None or (isinstance(value, str) and value.strip().casefold() in nulls)


def cells_of(row: Row) -> list[str] | dict[str, Any]:
    """Return the cells of a row; raise RowRefused if it cannot be read."""
    if row.refused or row.cells is None:
        raise RowRefused(None, row.refused or "Not readable")
    return row.cells


def price(value: Any, read_money: MoneyReader) -> tuple[float, str | None]:
    """Return an amount and the currency that the value names, or None."""
    amount, code = read_money(value)
    return checked(amount, Money), code


def checked(value: Any, value_type: Any) -> Any:
    """Return a value of a type of `domain.records.values`; raise ValueError with a readable reason."""
    try:
        return msgspec.convert(value, value_type)
    except msgspec.ValidationError as error:
        raise ValueError(readable_message(str(error))) from None


def short_text(value: Any) -> str:
    """Return a text of one line, cut to 200 characters."""
    text = one_line(value)
    return checked(text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1].rstrip()}…", Text)


def one_line(value: Any) -> str:
    """Return a text without line breaks and repeated blanks; raise ValueError for what is no text."""
    if isinstance(value, dict | list):
        raise ValueError("Expected a text")  # noqa: TRY004 - what all converters raise
    return " ".join(str(value).split())
