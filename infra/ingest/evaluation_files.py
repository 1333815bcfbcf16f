"""Read files for an evaluation into the records that training reads; unlike in an import, an id may be any text."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from domain.errors import ConfigurationError
from domain.records.currencies import Currencies
from domain.records.customers import Segment
from domain.records.interactions import EVENT_TYPE_CODES, EventType
from domain.records.products import Product, top_parent
from domain.records.values import Instant, to_microseconds
from domain.training.event_log import EventLog, order_number
from infra.ingest.files import FileRow, open_rows
from infra.ingest.rows import RowRefused, check_columns, convert_columns

T = TypeVar("T", bound=Struct)

NO_MAPPING: Mapping[str, str] = {}
UNKNOWN_PRODUCT = -1


class EventLine(Struct, frozen=True, kw_only=True):
    customer_id: str
    product_id: str
    event_type: EventType = "view"
    occurred_at: Instant | None = None
    order_id: str | None = None
    quantity: int = 1
    unit_price: float = 0.0
    currency: str | None = None


class ProductLine(Struct, frozen=True, kw_only=True):
    product_id: str
    name: str | None = None
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    currency: str | None = None
    created_at: Instant | None = None
    variant_of: str | None = None


class CustomerLine(Struct, frozen=True, kw_only=True):
    customer_id: str
    segment: Segment | None = None


class RankingLine(Struct, frozen=True, kw_only=True):
    customer_id: str
    product_id: str
    rank: int


class IdMap:
    """Consecutive numbers for ids, in the order of their first appearance."""

    def __init__(self) -> None:
        self.indexes: dict[str, int] = {}

    def index_of(self, identifier: str) -> int:
        return self.indexes.setdefault(identifier, len(self.indexes))


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise ConfigurationError if `mapping`, theirs to ours, names a column that an evaluation does not read."""
    known = {
        name for line_type in (EventLine, ProductLine, CustomerLine, RankingLine) for name in line_type.__struct_fields__
    }
    unknown = sorted(set(mapping.values()) - known)
    if unknown:
        raise ConfigurationError(f"--map names columns that an evaluation does not read: {', '.join(unknown)}.")


def read_log(
    paths: Sequence[str],
    *,
    customers: IdMap,
    products: IdMap,
    currencies: Currencies,
    mapping: Mapping[str, str] = NO_MAPPING,
) -> EventLog:
    """Read events into arrays, extending the numberings; an event without a time is at 1970.

    `mapping` renames columns: theirs to ours. Money without a currency is in the own one of `currencies`.
    """
    lines = list(_lines(paths, EventLine, mapping))
    customer_numbers = [customers.index_of(line.customer_id) for line in lines]
    return EventLog(
        customer_ids=list(customers.indexes),
        customers=np.array(customer_numbers, dtype=np.int64),
        products=np.array([products.index_of(line.product_id) for line in lines], dtype=np.int64),
        event_types=np.array([EVENT_TYPE_CODES[line.event_type] for line in lines], dtype=np.int8),
        occurred_at=np.array([_microseconds(line.occurred_at) for line in lines], dtype=np.int64),
        orders=np.array([_order_of(line, index) for index, line in enumerate(lines)], dtype=np.int64),
        spent=np.array(
            [line.quantity * line.unit_price * (_rate_of(line, currencies) or 0.0) for line in lines], dtype=np.float64
        ),
    )


def read_products(
    path: str, numbering: IdMap, *, currencies: Currencies, mapping: Mapping[str, str] = NO_MAPPING
) -> list[Product]:
    """Read a catalogue; the last line of an id counts."""
    lines = {line.product_id: line for line in _lines([path], ProductLine, mapping)}
    parents = {line.product_id: line.variant_of for line in lines.values()}
    return [
        replace(
            product_of(line, numbering.index_of(line.product_id)),
            variant_of=top_parent(line.product_id, parents),
            rate=_rate_of(line, currencies),
        )
        for line in lines.values()
    ]


def read_segments(path: str, *, mapping: Mapping[str, str] = NO_MAPPING) -> dict[str, Segment]:
    return {line.customer_id: line.segment for line in _lines([path], CustomerLine, mapping) if line.segment}


def read_ranking(
    path: str, *, customers: Mapping[str, int], products: Mapping[str, int], mapping: Mapping[str, str] = NO_MAPPING
) -> dict[int, list[int]]:
    """Read a ranking as product indexes by customer number, best first; an unknown product has the index -1.

    Raise ConfigurationError if no line names a known customer.
    """
    lines = sorted(_lines([path], RankingLine, mapping), key=lambda line: line.rank)
    ranking: defaultdict[int, list[int]] = defaultdict(list)
    for line in lines:
        if line.customer_id in customers:
            ranking[customers[line.customer_id]].append(products.get(line.product_id, UNKNOWN_PRODUCT))
    if not ranking:
        raise ConfigurationError(f"{path} names no customer of the events.")
    return dict(ranking)


def product_of(line: ProductLine, index: int, *, available: bool = True) -> Product:
    """Return the product of a line; a line with only an id gives a product named by its id."""
    return Product(
        product_index=index,
        product_id=line.product_id,
        name=line.name or line.product_id,
        category=line.category or None,
        brand=line.brand or None,
        price=line.price,
        currency=line.currency or "",
        url=None,
        image_url=None,
        created_at=_microseconds(line.created_at),
        available=available,
    )


def _lines(paths: Sequence[str], line_type: type[T], mapping: Mapping[str, str]) -> Iterator[T]:
    """Yield the readable lines of files and report the others on stderr; raise ConfigurationError if a file has none."""
    for path in paths:
        n_read = n_refused = 0
        first_reason = ""
        with open_rows(path) as file:
            if file.columns is not None:
                check_columns(path, [mapping.get(theirs, theirs) for theirs in file.columns], line_type)
            for row in file.rows:
                n_read += 1
                try:
                    yield _line(row, line_type, mapping)
                except RowRefused as refused:
                    n_refused += 1
                    first_reason = first_reason or f"line {row.line}: {refused.field or 'line'}: {refused.reason}"
        if n_read == n_refused:
            raise ConfigurationError(f"{path} has no usable line." + f" First: {first_reason}" * bool(first_reason))
        if n_refused:
            sys.stderr.write(f"{path}: {n_refused:,} of {n_read:,} lines left out. First: {first_reason}\n")


def _line(row: FileRow, line_type: type[T], mapping: Mapping[str, str]) -> T:
    if row.refused:
        raise RowRefused(None, row.refused)
    values = {mapping.get(theirs, theirs): value for theirs, value in row.values.items()}
    fields: dict[str, Any] = {
        name: value for name in line_type.__struct_fields__ if (value := values.get(name)) is not None and value != ""
    }
    for name in ("customer_id", "product_id", "order_id", "variant_of"):
        if name in fields:
            fields[name] = str(fields[name])
    try:
        return msgspec.convert(convert_columns(fields), line_type, strict=False)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        raise RowRefused(path.rstrip("`") or None, text.partition(" '")[0]) from None


def _microseconds(moment: datetime | None) -> int:
    return 0 if moment is None else to_microseconds(moment)


def _rate_of(line: EventLine | ProductLine, currencies: Currencies) -> float | None:
    return currencies.rate_of(line.currency or currencies.own)


def _order_of(line: EventLine, index: int) -> int:
    """Return the number of a line's order; a purchase without an order id is an order of its own."""
    if line.order_id is not None:
        return order_number(line.order_id)
    return index + 1 if line.event_type == "purchase" else 0
