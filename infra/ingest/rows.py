"""Convert a row of a file to a record, under the same rules as over HTTP."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct

from domain.errors import ConfigurationError
from domain.records.customers import CustomerChange
from domain.records.interactions import EventType, oldest_kept
from domain.records.products import ProductChange
from domain.records.values import (
    MAX_CLOCK_SKEW,
    Currency,
    CustomerId,
    Id,
    Instant,
    Money,
    Quantity,
    check_instant,
    check_money,
    readable_message,
)

Kind = Literal["products", "customers", "events"]

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?(?![\s\S])")
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
_YES, _NO = {"true", "yes"}, {"false", "no"}


class EventRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of an event file."""

    customer_id: CustomerId
    product_id: Id
    event_type: EventType = "view"
    occurred_at: Instant | None = None
    order_id: Id | None = None
    quantity: Quantity = 1
    unit_price: Money | None = None
    currency: Currency | None = None
    event_id: Id | None = None

    def __post_init__(self) -> None:
        check_instant(self.occurred_at)
        check_money(self.unit_price)


Record = ProductChange | CustomerChange | EventRow

RECORDS: dict[Kind, type[Record]] = {"products": ProductChange, "customers": CustomerChange, "events": EventRow}


class RowRefused(Exception):
    """A row that cannot be imported: its field and the reason, which never contains the value, as that can be personal."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def columns_of(kind: Kind) -> tuple[str, ...]:
    return RECORDS[kind].__struct_fields__


def check_columns(path: str, columns: Sequence[str], record_type: type[Struct]) -> None:
    """Raise ConfigurationError if a file, with `columns` under our names, lacks a required one or has one twice."""
    missing = [column for column in _required_columns(record_type) if column not in columns]
    if missing:
        raise ConfigurationError(
            f"{path} has no column {', '.join(missing)}; if it has another name there, use --map THEIRS={missing[0]}."
        )
    repeated = [column for column in record_type.__struct_fields__ if columns.count(column) > 1]
    if repeated:
        raise ConfigurationError(f"{path} has the column {repeated[0]} twice.")


def _required_columns(record_type: type[Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(record_type) if field.required)


def reader_of(kind: Kind, *, now: datetime, retention_days: int = 0) -> Callable[[Mapping[str, Any]], Record]:
    """Return a function that converts the known columns of a row to a record, or raises RowRefused.

    In products and customers an empty cell clears a value; in events it counts as missing.
    """
    record_type = RECORDS[kind]
    converters = {column: convert for column, convert in _CONVERTERS.items() if column in record_type.__struct_fields__}
    instant_column = next((column for column in ("occurred_at", "created_at") if column in converters), None)
    latest = now + MAX_CLOCK_SKEW
    oldest = oldest_kept(now, retention_days=retention_days)

    def read(values: Mapping[str, Any]) -> Record:
        if kind == "events":
            fields = {column: value for column, value in values.items() if value != "" and value is not None}
        else:
            fields = {column: None if value == "" else value for column, value in values.items()}
        for column, convert in converters.items():
            if fields.get(column) is not None:
                fields[column] = convert(column, fields[column])
        try:
            record = msgspec.convert(fields, record_type, strict=False)
        except msgspec.ValidationError as error:
            raise _refusal(error, _required_columns(record_type)) from None
        instant = getattr(record, instant_column) if instant_column else None
        if instant is not None and instant is not UNSET:
            if instant > latest:
                raise RowRefused(instant_column, "Expected an instant at most 5 minutes ahead")
            if kind == "events" and instant < oldest:
                raise RowRefused(instant_column, "Older than the retention")
        return record

    return read


def convert_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the columns that files write in several ways to what msgspec accepts: instants, yes or no, tags, money."""
    return {
        column: _CONVERTERS[column](column, value) if column in _CONVERTERS and value is not None else value
        for column, value in values.items()
    }


def _refusal(error: msgspec.ValidationError, required: tuple[str, ...]) -> RowRefused:
    text, _, path = str(error).partition(" - at `$")
    if missing := re.match(r"Object missing required field `(\w+)`", text):
        return RowRefused(missing[1], "Required")
    if text.startswith("Invalid enum value"):
        # The message of msgspec contains the value.
        text = "Expected one of the documented values"
    field = re.match(r"\.?(\w*)", path)[1] or None  # pyright: ignore[reportOptionalSubscript] - matches any text
    # An empty cell clears a value, but an id cannot be cleared.
    return RowRefused(field, "Required" if field in required and text.endswith("got `null`") else readable_message(text))


@lru_cache(maxsize=65_536)
def _instant_text(column: str, text: str) -> str:
    """Return a date, with or without a time, as UTC, and RFC 3339 unchanged; raise RowRefused for any other text."""
    if text < "1970":
        raise RowRefused(column, "Expected an instant of 1970 or later")
    if date := _DATE.match(text):
        return f"{date[1]}T{date[2] or '00:00:00'}Z"
    if not _RFC_3339.match(text):
        raise RowRefused(column, "Expected RFC 3339 or YYYY-MM-DD[ HH:MM:SS]")
    return text


def _to_instant(column: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RowRefused(column, "Expected RFC 3339 or YYYY-MM-DD[ HH:MM:SS]")
    return _instant_text(column, value)


def _to_bool(column: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in _YES | _NO:
        return text in _YES
    if column == "withdrawn" and text not in {"0", "1"}:
        raise RowRefused(column, "Expected yes or no")
    if not text.isascii() or not text.isdigit():
        raise RowRefused(column, "Expected yes, no or a whole number")
    return text.strip("0") != ""


def _to_tags(column: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        return [tag.strip() for tag in value.split("|") if tag.strip()]
    if not isinstance(value, list):
        raise RowRefused(column, "Expected tags separated by |")
    return value


def _to_money(column: str, value: Any) -> Any:
    """Round to the 4 decimals of money: prices in files are often results of floating-point sums."""
    try:
        return round(float(value), 4)
    except (TypeError, ValueError, OverflowError):
        raise RowRefused(column, "Expected a number") from None


_CONVERTERS: dict[str, Callable[[str, Any], Any]] = {
    "occurred_at": _to_instant,
    "created_at": _to_instant,
    "in_stock": _to_bool,
    "withdrawn": _to_bool,
    "tags": _to_tags,
    "aliases": _to_tags,
    "is_guest": _to_bool,
    "price": _to_money,
    "unit_price": _to_money,
}
