"""Understand a file by its first rows: its format, which column is which field, and how its values are written."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from infra.ingest.columns import check_repeated, check_required, sources_of, unused_columns
from infra.ingest.errors import NotUnderstood
from infra.ingest.formats import find, named, names, normalised
from infra.ingest.formats.format import Format
from infra.ingest.formats.own import OWN
from infra.ingest.formats.paths import paths_of, value_at
from infra.ingest.options import ImportOptions, Kind
from infra.ingest.overlooked import check_overlooked
from infra.ingest.sources import OpenFile, Row
from infra.ingest.values.categories import category_separator
from infra.ingest.values.customers import is_no_customer
from infra.ingest.values.instants import DateOrder, date_order
from infra.ingest.values.money import DecimalMark, decimal_mark
from infra.ingest.values.numbers import are_float_ids

N_SAMPLE_ROWS = 1000

INSTANT_FIELDS = ("occurred_at", "created_at", "sale_from", "sale_until")
OPTIONAL_INSTANTS = frozenset({"created_at"})
"""Left out where their dates can be read in two ways: a catalogue is worth more than the age of its products."""
MONEY_FIELDS = ("price", "sale_price", "unit_price", "refunded_amount", "total")
ID_FIELDS = ("customer_id", "anonymous_id", "product_id", "order_id", "event_id", "variant_of", "aliases")


class Understanding(Struct, frozen=True, kw_only=True):
    """What was understood of a file.

    `sources` are the columns or JSON paths of each of our fields, in order of preference; `present` are the fields that the
    first rows have. `date_orders` are by field; "undecidable" if the rows do not tell days from months.
    `anonymous_is_customer` says that no row names a customer but by an anonymous id.
    """

    format: Format
    kind: Kind
    sources: Mapping[str, tuple[str, ...]]
    present: frozenset[str]
    columns: tuple[str, ...]
    unused: tuple[str, ...]
    date_orders: Mapping[str, DateOrder | Literal["undecidable"] | None]
    decimal_mark: DecimalMark
    category_separator: str | None
    float_ids: frozenset[str]
    anonymous_is_customer: bool


def understand(file: OpenFile, rows: Sequence[Row], options: ImportOptions) -> Understanding:
    """Understand a file by its first rows; raise NotUnderstood, with the nearest remedy, if a needed column is missing."""
    columns = columns_in(file, rows)
    if not columns:
        raise NotUnderstood(f"{file.path} has no rows that can be read. {_first_refusal(rows)}".rstrip())
    found = _format_of(file, columns, options)
    sources = sources_of(file, columns, found, options)
    values = _Values(file, rows, sources)
    existing = {normalised(column) for column in columns}
    present = {field for field, of_field in sources.items() if not existing.isdisjoint(map(normalised, of_field))}
    kind = _kind_of(found, present, options)
    unused = unused_columns(columns, sources)
    check_required(file, kind, present, unused, options)
    check_repeated(file, sources, options)
    if kind in {"events", "orders"}:
        known = {*present, *found.constants, *options.constants}
        check_overlooked(file.path, kind, known, unused, values.of_column)
    return Understanding(
        format=found,
        kind=kind,
        sources=sources,
        present=frozenset(present),
        columns=columns,
        unused=unused,
        date_orders={field: options.dates or date_order(values.of([field])) for field in INSTANT_FIELDS if field in sources},
        decimal_mark=decimal_mark(values.of(MONEY_FIELDS)),
        category_separator=options.category_separator
        or found.category_separator
        or category_separator(values.of(["category", "category_otherwise"])),
        float_ids=frozenset(field for field in ID_FIELDS if field in sources and are_float_ids(values.of([field]))),
        anonymous_is_customer=all(is_no_customer(value, options.nulls) for value in values.of(["customer_id", "email"])),
    )


class _Values:
    """The values of rows, by field or by column."""

    def __init__(self, file: OpenFile, rows: Iterable[Row], sources: Mapping[str, tuple[str, ...]]) -> None:
        self._rows = rows
        self._indexes = {column: index for index, column in reversed(list(enumerate(file.columns or ())))}
        self._sources = sources

    def of(self, fields: Iterable[str]) -> Iterator[Any]:
        """Yield the values of fields, row by row."""
        columns = [column for field in fields for column in self._sources.get(field, ())]
        return self._of_columns(columns)

    def of_column(self, column: str) -> Iterator[Any]:
        return self._of_columns([column])

    def _of_columns(self, columns: Sequence[str]) -> Iterator[Any]:
        """Yield the values that are not empty."""
        for row in self._rows:
            for column in columns if row.cells is not None else ():
                if isinstance(row.cells, dict):
                    value = value_at(row.cells, column)
                    yield from (one for one in (value if isinstance(value, list) else [value]) if one not in ("", None))
                elif row.cells and row.cells[self._indexes[column]]:
                    yield row.cells[self._indexes[column]]


def values_of_fields(
    file: OpenFile, rows: Iterable[Row], sources: Mapping[str, tuple[str, ...]], fields: Iterable[str]
) -> Iterator[Any]:
    """Yield the values of some of our fields in rows of a file, without empty ones."""
    return _Values(file, rows, sources).of(fields)


def _format_of(file: OpenFile, columns: Sequence[str], options: ImportOptions) -> Format:
    if options.format is None:
        found = find(columns, options.kind)
        of_any_kind = find(columns, None)
        if of_any_kind and of_any_kind.name != "own" and (found is None or found.name == "own"):
            raise NotUnderstood(
                f"{file.path} looks like another kind of file: {of_any_kind.title}. Try `import {of_any_kind.kind}`;"
                f" `--format own` reads the columns that are called like the fields of {options.kind}."
            )
        _check_kind(file, columns, options)
        return found or next(own for own in OWN if own.kind == options.kind)
    found = named(options.format, options.kind, columns)
    if found is None:
        raise NotUnderstood(f"--format {options.format}: known for {options.kind} are {', '.join(names(options.kind))}.")
    return found


def _check_kind(file: OpenFile, columns: Collection[str], options: ImportOptions) -> None:
    """Raise NotUnderstood if a catalogue or a list of customers has the columns of events or orders."""
    names = set(map(normalised, columns)) - set(map(normalised, options.mapping))
    if options.kind in {"products", "customers"} and {"customerid", "productid"} <= names:
        other = "orders" if "orderid" in names else "events"
        raise NotUnderstood(
            f"{file.path} has customers and products in every line, as {other} have. Try `import {other}`;"
            f" `--format own` reads the columns that are called like the fields of {options.kind}."
        )


def _kind_of(found: Format, present: Collection[str], options: ImportOptions) -> Kind:
    """Return what the lines are: those of an event file with order ids, but without event types, are lines of orders."""
    if options.kind not in {"events", "orders"}:
        return options.kind
    has_types = "event_type" in {*present, *found.constants, *options.constants}
    return "orders" if options.kind == "orders" or ("order_id" in present and not has_types) else "events"


def columns_in(file: OpenFile, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the columns of a table, or the paths of all values in the first records, in the order of their appearance."""
    if file.columns is not None:
        return file.columns
    paths: dict[str, None] = {}
    for row in rows:
        if isinstance(row.cells, dict):
            paths |= dict.fromkeys(sorted(paths_of(row.cells)))
    return tuple(paths)


def _first_refusal(rows: Sequence[Row]) -> str:
    return next((f"Line {row.line}: {row.refused}." for row in rows if row.refused), "")
