"""Read files for an evaluation into the records that training reads, by the same rules as an import."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any

import numpy as np
from msgspec import UNSET

from domain.errors import ConfigurationError
from domain.records.currencies import Currencies
from domain.records.customers import Segment
from domain.records.interactions import EVENT_TYPE_CODES, TAKES_BACK
from domain.records.products import Product, ProductChange, top_parent
from domain.records.removals import Placement, taken_back
from domain.records.values import to_microseconds
from domain.training.event_log import EventLog, order_number
from infra.ingest.formats.format import normalised
from infra.ingest.formats.own import FIELDS
from infra.ingest.lines import EventLine, RowRefused
from infra.ingest.options import ImportOptions, Kind
from infra.ingest.products import product_of
from infra.ingest.readers import reader_of
from infra.ingest.report import Report
from infra.ingest.sources import Row, open_rows
from infra.ingest.understanding import N_SAMPLE_ROWS, columns_in, understand

NO_MAPPING: Mapping[str, str] = {}
UNKNOWN_PRODUCT = -1
MAX_NAMES = 20
RANKING_FIELDS = ("customer_id", "product_id", "rank")

NumberedLine = tuple[int, int, EventLine]
"""The numbers of the customer and the product of a line, and the line."""

_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Published data may have any times."""


class IdMap:
    """Consecutive numbers for ids, in the order of their first appearance."""

    def __init__(self) -> None:
        self.indexes: dict[str, int] = {}

    def index_of(self, identifier: str) -> int:
        return self.indexes.setdefault(identifier, len(self.indexes))


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise ConfigurationError if `mapping`, theirs to ours, names a field that an evaluation does not read."""
    known = {*FIELDS["events"], *FIELDS["products"], *FIELDS["customers"], *RANKING_FIELDS}
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

    Events without a customer are left out and counted on stderr; so are returns, and removals with the carts and wishlists
    that they take back, but not counted.
    `mapping` renames columns: theirs to ours. Money without a currency is in the own one of `currencies`.
    """
    lines: list[NumberedLine] = []
    for path in paths:
        n_nobody = 0
        for line in _lines(path, "events", mapping, currencies):
            customer_id = line.customer_id or line.email or line.anonymous_id
            n_nobody += not customer_id
            if customer_id and line.product_id and line.quantity > 0 and line.event_type != "return":
                lines.append((customers.index_of(customer_id), products.index_of(line.product_id), line))
        if n_nobody:
            sys.stderr.write(
                f"{path}: {n_nobody:,} lines left out that name no customer; 0, guest and the like name nobody.\n"
            )
    lines = _without_removals(lines)
    return EventLog(
        customer_ids=list(customers.indexes),
        customers=np.array([customer for customer, _, _ in lines], dtype=np.int64),
        products=np.array([product for _, product, _ in lines], dtype=np.int64),
        event_types=np.array([EVENT_TYPE_CODES[line.event_type or ""] for *_, line in lines], dtype=np.int8),
        occurred_at=np.array([line.occurred_at or 0 for *_, line in lines], dtype=np.int64),
        orders=np.array([_order_of(line, index) for index, (*_, line) in enumerate(lines)], dtype=np.int64),
        spent=np.array([_spent(line, currencies) for *_, line in lines], dtype=np.float64),
    )


def _without_removals(lines: Sequence[NumberedLine]) -> list[NumberedLine]:
    """Return the lines without removals and what they take back."""
    placements: defaultdict[tuple[int, int, str], list[Placement]] = defaultdict(list)
    for number, (customer, product, line) in enumerate(lines):
        event_type = line.event_type or ""
        kind = TAKES_BACK.get(event_type, event_type)
        if kind in TAKES_BACK.values():
            # Numbers of one length are in order as texts.
            placements[customer, product, kind].append((line.occurred_at or 0, event_type in TAKES_BACK, f"{number:012}"))
    taken = {int(name) for of_one in placements.values() for name in taken_back(of_one)}
    return [
        numbered for number, numbered in enumerate(lines) if number not in taken and numbered[2].event_type not in TAKES_BACK
    ]


def read_products(
    path: str, numbering: IdMap, *, currencies: Currencies, mapping: Mapping[str, str] = NO_MAPPING
) -> list[Product]:
    """Read a catalogue."""
    by_id: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for fields in _lines(path, "products", mapping, currencies):
        by_id[fields["product_id"]].append(fields)
    changes = [change for lines in by_id.values() if isinstance(change := product_of(lines), ProductChange)]
    parents = {change.product_id: change.variant_of or None for change in changes}
    return [
        Product(
            product_index=numbering.index_of(change.product_id),
            product_id=change.product_id,
            name=change.name or change.product_id,
            category=change.category or None,
            brand=change.brand or None,
            price=change.price if isinstance(change.price, float) else None,
            currency=change.currency or "",
            url=None,
            image_url=None,
            created_at=0 if change.created_at is UNSET or change.created_at is None else to_microseconds(change.created_at),
            available=True,
            variant_of=top_parent(change.product_id, parents),
            rate=currencies.rate_of(change.currency or currencies.own),
        )
        for change in changes
    ]


def unlisted_product(product_id: str, index: int, *, available: bool) -> Product:
    """Return a product of which only the id is known."""
    return Product(
        product_index=index,
        product_id=product_id,
        name=product_id,
        category=None,
        brand=None,
        price=None,
        currency="",
        url=None,
        image_url=None,
        created_at=0,
        available=available,
    )


def read_segments(path: str, *, currencies: Currencies, mapping: Mapping[str, str] = NO_MAPPING) -> dict[str, Segment]:
    lines = _lines(path, "customers", mapping, currencies)
    return {fields["customer_id"]: fields["segment"] for fields in lines if fields.get("segment")}


def read_ranking(
    path: str, *, customers: Mapping[str, int], products: Mapping[str, int], mapping: Mapping[str, str] = NO_MAPPING
) -> dict[int, list[int]]:
    """Read a ranking as product indexes by customer number, best first; an unknown product has the index -1.

    Raise ConfigurationError if no line names a known customer.
    """
    ranked: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    with open_rows(path) as file:
        first = list(islice(file.rows, N_SAMPLE_ROWS))
        columns = columns_in(file, first)
        names = {mapping.get(column, normalised(column)): column for column in columns}
        missing = [field for field in RANKING_FIELDS if field not in names and normalised(field) not in names]
        if missing:
            raise ConfigurationError(f"{path} has no column {', '.join(missing)}; see --map.")
        keys = [names.get(field) or names[normalised(field)] for field in RANKING_FIELDS]
        for row in chain(first, file.rows):
            customer_id, product_id, rank = _cells(row, columns, keys, path)
            if customer_id in customers:
                ranked[customers[customer_id]].append((_whole(rank, row, path), products.get(product_id, UNKNOWN_PRODUCT)))
    if not ranked:
        raise ConfigurationError(f"{path} names no customer of the events.")
    return {
        customer: [product for _, product in sorted(of_one, key=lambda one: one[0])] for customer, of_one in ranked.items()
    }


def _lines(path: str, kind: Kind, mapping: Mapping[str, str], currencies: Currencies) -> Iterator[Any]:
    """Yield the readable lines of a file and report the others on stderr; raise ConfigurationError if it has none."""
    report = Report([path], writes_refusals=False)
    n_lines = 0
    with open_rows(path) as file:
        first = list(islice(file.rows, N_SAMPLE_ROWS))
        columns = {normalised(column) for column in columns_in(file, first)}
        own = {theirs: ours for theirs, ours in mapping.items() if normalised(theirs) in columns and ours in FIELDS[kind]}
        options = ImportOptions(kind=kind, paths=(path,), mapping=own, currency=currencies.own)
        understood = understand(file, first, options)
        read = reader_of(understood, options, is_table=file.columns is not None, now=_LATEST, report=report)
        for row in chain(first, file.rows):
            report.read += 1
            try:
                lines = read(row)
            except RowRefused as refused:
                report.refuse(refused, [(0, row.line)])
            else:
                n_lines += len(lines)
                yield from lines
    if not n_lines:
        raise ConfigurationError(" ".join([f"{path} has no usable line.", *report.reasons()]))
    if report.counts["refused"]:
        reasons = "\n".join(f"  {reason}" for reason in report.reasons())
        sys.stderr.write(f"{path}: {report.counts['refused']:,} of {report.read:,} lines left out.\n{reasons}\n")
    if report.ignored_names:
        names = ", ".join(f"{name} {n_lines:,}" for name, n_lines in report.ignored_names.most_common(MAX_NAMES))
        sys.stderr.write(f"{path}: ignored by name: {names}.\n")


def _cells(row: Row, columns: Sequence[str], keys: Sequence[str], path: str) -> list[str]:
    if row.cells is None:
        raise ConfigurationError(f"Line {row.line} of {path}: {row.refused}.")
    by_column = row.cells if isinstance(row.cells, dict) else dict(zip(columns, row.cells, strict=False))
    return [str(by_column.get(key, "")).strip() for key in keys]


def _whole(text: str, row: Row, path: str) -> int:
    if not text.lstrip("-").isdecimal():
        raise ConfigurationError(f"Line {row.line} of {path}: rank: Expected a whole number.")
    return int(text)


def _spent(line: EventLine, currencies: Currencies) -> float:
    rate = currencies.rate_of(line.currency or currencies.own) or 0.0
    return line.quantity * (line.unit_price or 0.0) * rate


def _order_of(line: EventLine, index: int) -> int:
    """Return the number of a line's order; a purchase without an order id is an order of its own."""
    if line.order_id is not None:
        return order_number(line.order_id)
    return index + 1 if line.event_type == "purchase" else 0
