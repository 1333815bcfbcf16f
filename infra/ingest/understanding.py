"""Understand a file by its first rows: its format, which column is which field, and how its values are written."""

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, cast

from msgspec import Struct

from infra.ingest.errors import NotUnderstood
from infra.ingest.formats import columns_of, find, named, names, normalised
from infra.ingest.formats.format import MULTIPLE, Format
from infra.ingest.formats.own import OWN
from infra.ingest.formats.paths import list_of, paths_of, value_at
from infra.ingest.options import ImportOptions, Kind
from infra.ingest.overlooked import check_overlooked
from infra.ingest.sources import OpenFile, Row
from infra.ingest.values.categories import category_separator
from infra.ingest.values.customers import is_no_customer
from infra.ingest.values.instants import DateOrder, date_order, looks_like_instant
from infra.ingest.values.money import DecimalMark, decimal_mark
from infra.ingest.values.numbers import are_float_ids

N_SAMPLE_ROWS = 1000
MAX_NAME = 100
"""Characters in the name of a column; a longer one is a line of data."""

INSTANT_FIELDS = ("occurred_at", "created_at", "sale_from", "sale_until")
OPTIONAL_INSTANTS = frozenset({"created_at"})
"""Left out where their dates can be read in two ways: a catalogue is worth more than the age of its products."""
MONEY_FIELDS = ("price", "sale_price", "unit_price", "refunded_amount", "total")
ID_FIELDS = ("customer_id", "anonymous_id", "product_id", "order_id", "event_id", "variant_of", "aliases")
REQUIRED: Mapping[Kind, tuple[str, ...]] = {
    "products": ("product_id",),
    "customers": ("customer_id",),
    "events": ("customer_id", "product_id"),
    "orders": ("customer_id", "product_id", "order_id"),
}
_CUSTOMER_FIELDS = ("customer_id", "anonymous_id", "email")
_ID_WORDS = {
    "customer_id": ("customer", "user", "client", "kund", "buyer", "member", "visitor", "account", "mail", "id"),
    "order_id": ("order", "invoice", "transaction", "receipt", "bestell", "number", "id"),
    "product_id": ("sku", "product", "item", "article", "artikel", "handle", "code", "ref", "number", "key", "id"),
}


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
    columns = file.columns if file.columns is not None else _paths_of(row.cells for row in rows)
    if not columns:
        raise NotUnderstood(f"{file.path} has no rows that can be read. {_first_refusal(rows)}".rstrip())
    found = _format_of(file, columns, options)
    sources = _sources(file, columns, found, options)
    values = _Values(file, rows, sources)
    existing = {normalised(column) for column in columns}
    present = {field for field, of_field in sources.items() if not existing.isdisjoint(map(normalised, of_field))}
    kind = _kind_of(found, present, options)
    unused = _unused(columns, sources)
    _check_required(file, kind, present, unused, options)
    _check_repeated(file, sources, options)
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


def _sources(file: OpenFile, columns: Sequence[str], found: Format, options: ImportOptions) -> dict[str, tuple[str, ...]]:
    """Return the columns of each field: those of the format, except where --map or --set says otherwise."""
    mapping = {_column_named(theirs, file, columns, options): ours for theirs, ours in options.mapping.items()}
    for field in set(mapping.values()) - MULTIPLE:
        if len(mapped := [column for column, ours in mapping.items() if ours == field]) > 1:
            raise NotUnderstood(f"--map gives {field} two columns: {' and '.join(mapped)}.")
    others = [column for column in columns if column not in mapping]
    of_format = columns_of(found, others, keep_absent=file.columns is None)
    given = {*mapping.values(), *options.constants}
    sources = {field: of_field for field, of_field in of_format.items() if field not in given}
    for column, field in mapping.items():
        sources[field] = (*sources.get(field, ()), column)
    if file.columns is None:
        _check_lists(file, sources)
    return sources


def _check_lists(file: OpenFile, sources: Mapping[str, tuple[str, ...]]) -> None:
    try:
        list_of(path for paths in sources.values() for path in paths)
    except ValueError as error:
        raise NotUnderstood(f"{file.path}: {error}.") from None


def _column_named(theirs: str, file: OpenFile, columns: Sequence[str], options: ImportOptions) -> str:
    """Return the column that --map names, whatever its case, blanks, `_` and `-`; raise NotUnderstood if there is none."""
    if theirs in columns:
        return theirs
    for column in columns:
        if normalised(column) == normalised(theirs):
            return column
    nearest = difflib.get_close_matches(theirs, columns, n=1, cutoff=0.6)
    hint = f' Did you mean `--map "{nearest[0]}={options.mapping[theirs]}"`?' if nearest else ""
    raise NotUnderstood(f"{file.path} has no column {theirs}, which --map names.{hint} {_columns_in_words(file, columns)}")


def _unused(columns: Sequence[str], sources: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the columns, or the innermost paths, that nothing is read from."""
    used = {normalised(column) for of_field in sources.values() for column in of_field}
    inner = {column.rpartition(".")[0].removesuffix("[]") for column in columns if "." in column}
    return tuple(
        column
        for column in columns
        if column.strip() and normalised(column) not in used and column.removesuffix("[]") not in inner
    )


def _check_required(
    file: OpenFile, kind: Kind, present: Collection[str], unused: Sequence[str], options: ImportOptions
) -> None:
    for field in REQUIRED[kind]:
        names = _CUSTOMER_FIELDS if field == "customer_id" and kind in {"events", "orders"} else (field,)
        if any(name in present or name in options.constants for name in names):
            continue
        columns = file.columns or unused
        nearest = "THEIRS" if any(map(_is_data, columns)) else _nearest(unused, field) or "THEIRS"
        raise NotUnderstood(
            f'{file.path} has no column {field}, which {kind} need. Did you mean `--map "{nearest}={field}"`?'
            f" {_columns_in_words(file, columns)}"
        )


def _nearest(columns: Sequence[str], field: str) -> str | None:
    """Return the column that is most likely a field: by its name, else the first that sounds like such an id."""
    names = {normalised(column): column for column in columns}
    if close := difflib.get_close_matches(normalised(field), names, n=1, cutoff=0.6):
        return names[close[0]]
    return next((column for word in _ID_WORDS[field] for name, column in names.items() if word in name), None)


def _check_repeated(file: OpenFile, sources: Mapping[str, tuple[str, ...]], options: ImportOptions) -> None:
    """Raise NotUnderstood if a field could come from two columns whose names differ in nothing that counts."""
    all_columns = file.columns or ()
    mapped = {normalised(theirs) for theirs in options.mapping}
    for field, columns in sources.items():
        for column in columns:
            alike = [other for other in all_columns if normalised(other) == normalised(column)]
            if all_columns.count(column) > 1 or (len(alike) > 1 and normalised(column) not in mapped):
                names = "twice" if len(set(alike)) == 1 else f"and {' and '.join(dict.fromkeys(alike[1:]))}"
                raise NotUnderstood(
                    f"{file.path} has the column {alike[0]} {names}, and it is needed for {field}."
                    + (f' Say which with `--map "{alike[0]}={field}"`.' if names != "twice" else "")
                )


def _columns_in_words(file: OpenFile, columns: Sequence[str]) -> str:
    if file.columns is not None and any(map(_is_data, columns)):
        # The first line of data must not be repeated, as it can be personal.
        return "Its first line looks like data: write a line with the names of the columns above it."
    names = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "vertical bars (|)"}
    separated = f", separated by {names.get(file.delimiter, file.delimiter)}" if file.delimiter else ""
    return f"The columns are{separated}: {', '.join(columns[:60])}{' ...' if len(columns) > 60 else ''}."


def _is_data(column: str) -> bool:
    """Return whether a cell of the header is no name, or a whole line of which a part is none."""
    if "{" in column or len(column) > MAX_NAME:
        return True
    parts = (part.strip(' "') for part in re.split("[,;|\t]", column))
    return any("@" in part or looks_like_instant(part) or part.replace(".", "", 1).isdecimal() for part in parts)


def _paths_of(records: Iterable[Any]) -> tuple[str, ...]:
    """Return the paths of all values in the records, in the order of their first appearance."""
    paths: dict[str, None] = {}
    for record in records:
        if isinstance(record, dict):
            paths |= dict.fromkeys(sorted(paths_of(cast("dict[str, Any]", record))))
    return tuple(paths)


def _first_refusal(rows: Sequence[Row]) -> str:
    return next((f"Line {row.line}: {row.refused}." for row in rows if row.refused), "")
