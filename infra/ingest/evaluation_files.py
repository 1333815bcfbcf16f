"""Files for an evaluation as the records that training reads; unlike an import, any text is an id."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from domain.errors import ConfigurationError
from domain.records.customers import Segment
from domain.records.interactions import EventType
from domain.records.products import Product
from domain.records.values import Instant, to_microseconds
from domain.training.event_log import EVENT_TYPES, EventLog
from infra.ingest.files import FileRow, opened
from infra.ingest.rows import RowRefused, normalised
from infra.use_cases.train import number_of

T = TypeVar("T", bound=Struct)

NO_MAPPING: Mapping[str, str] = {}


class EventLine(Struct, frozen=True, kw_only=True):
    customer_id: str
    product_id: str
    event_type: EventType = "view"
    occurred_at: Instant | None = None
    order_id: str | None = None
    quantity: int = 1
    unit_price: float = 0.0


class ProductLine(Struct, frozen=True, kw_only=True):
    product_id: str
    name: str | None = None
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    created_at: Instant | None = None


class CustomerLine(Struct, frozen=True, kw_only=True):
    customer_id: str
    segment: Segment | None = None


class Numbering:
    """Numbers for ids, in the order in which they are first met."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def of(self, identifier: str) -> int:
        return self.numbers.setdefault(identifier, len(self.numbers))


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise ConfigurationError for names of columns, theirs to ours, that no file of an evaluation has."""
    known = {name for kind in (EventLine, ProductLine, CustomerLine) for name in kind.__struct_fields__}
    unknown = sorted(set(mapping.values()) - known)
    if unknown:
        raise ConfigurationError(f"--map names columns that an evaluation does not read: {', '.join(unknown)}.")


def read_log(
    paths: Sequence[str], *, customers: Numbering, products: Numbering, mapping: Mapping[str, str] = NO_MAPPING
) -> EventLog:
    """Read events into arrays over the given numberings, which grow; without a time an event lies at 1970.

    `mapping` says what columns are called: theirs to ours.
    """
    lines = list(_lines(paths, EventLine, mapping))
    types = {event_type: code for code, event_type in enumerate(EVENT_TYPES)}
    of_customer = [customers.of(line.customer_id) for line in lines]
    return EventLog(
        customer_ids=list(customers.numbers),
        customers=np.array(of_customer, dtype=np.int64),
        products=np.array([products.of(line.product_id) for line in lines], dtype=np.int64),
        event_types=np.array([types[line.event_type] for line in lines], dtype=np.int8),
        occurred_at=np.array([_instant(line.occurred_at) for line in lines], dtype=np.int64),
        orders=np.array([_order(line, place) for place, line in enumerate(lines)], dtype=np.int64),
        spent=np.array([line.quantity * line.unit_price for line in lines], dtype=np.float64),
    )


def read_products(path: str, numbering: Numbering, *, mapping: Mapping[str, str] = NO_MAPPING) -> list[Product]:
    """Read a catalogue; of lines with one id the last counts."""
    lines = {line.product_id: line for line in _lines([path], ProductLine, mapping)}
    return [product_of(line, numbering.of(line.product_id)) for line in lines.values()]


def read_segments(path: str, *, mapping: Mapping[str, str] = NO_MAPPING) -> dict[str, Segment]:
    return {line.customer_id: line.segment for line in _lines([path], CustomerLine, mapping) if line.segment}


def product_of(line: ProductLine, index: int, *, available: bool = True) -> Product:
    """Make a product of what a file says of it, or of its id alone."""
    return Product(
        product_index=index,
        product_id=line.product_id,
        name=line.name or line.product_id,
        category=line.category or None,
        brand=line.brand or None,
        price=line.price,
        currency="",
        url=None,
        image_url=None,
        created_at=_instant(line.created_at),
        available=available,
    )


def _lines(paths: Sequence[str], kind: type[T], mapping: Mapping[str, str]) -> Iterator[T]:
    """Yield the readable lines of files, report the others on standard error; raise ConfigurationError where none is."""
    for path in paths:
        n_read = n_refused = 0
        first_reason = ""
        with opened(path) as file:
            if file.columns is not None:
                _check_columns(path, [mapping.get(theirs, theirs) for theirs in file.columns], kind)
            for row in file.rows:
                n_read += 1
                try:
                    yield _record(row, kind, mapping)
                except RowRefused as refused:
                    n_refused += 1
                    first_reason = first_reason or f"line {row.line}: {refused.field or 'line'}: {refused.reason}"
        if n_read == n_refused:
            raise ConfigurationError(f"{path} has no usable line." + f" First: {first_reason}" * bool(first_reason))
        if n_refused:
            sys.stderr.write(f"{path}: {n_refused:,} of {n_read:,} lines left out. First: {first_reason}\n")


def _record(row: FileRow, kind: type[T], mapping: Mapping[str, str]) -> T:
    if row.refused:
        raise RowRefused(None, row.refused)
    values = {mapping.get(theirs, theirs): value for theirs, value in row.values.items()}
    given: dict[str, Any] = {
        name: value for name in kind.__struct_fields__ if (value := values.get(name)) is not None and value != ""
    }
    for name in ("customer_id", "product_id", "order_id"):
        if name in given:
            given[name] = str(given[name])
    try:
        return msgspec.convert(normalised(given), kind, strict=False)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        raise RowRefused(path.rstrip("`") or None, text.partition(" '")[0]) from None


def _check_columns(path: str, columns: Sequence[str], kind: type[Struct]) -> None:
    for name in kind.__struct_fields__:
        if name in {"customer_id", "product_id"} and name not in columns:
            raise ConfigurationError(f"{path} has no column {name}; --map THEIRS={name} says what it is called there.")
        if columns.count(name) > 1:
            raise ConfigurationError(f"{path} has the column {name} twice.")


def _instant(moment: datetime | None) -> int:
    return 0 if moment is None else to_microseconds(moment)


def _order(line: EventLine, place: int) -> int:
    """Give a line's order as a number: a purchase without one is an order of its own."""
    if line.order_id is not None:
        return number_of(line.order_id)
    return place + 1 if line.event_type == "purchase" else 0
