"""Import files into a shop, in batches that are each stored whole; the same command again finishes what was cut off."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.errors import ConfigurationError
from domain.ports import IngestStore, Outcome
from domain.records.interactions import CustomerEvent, Purchase
from infra.ingest.files import FileRow, opened
from infra.ingest.report import Report
from infra.ingest.rows import REQUIRED, Kind, RowRefused, columns_of, reader_of
from infra.ingest.staging import Place, Staging
from infra.progress import Progress

MAX_ROWS_PER_TRANSACTION = 999
"""The most rows that a transaction writes, leaving one for the shop's own; distributed databases bound them."""

TURNS_TO_BEGIN = 3
_PROGRESS_EVERY = 1000


class ImportOptions(Struct, frozen=True, kw_only=True):
    """What to import: the kind, the files, and how their columns are called (`mapping`: theirs to ours)."""

    kind: Kind
    paths: tuple[str, ...]
    mapping: Mapping[str, str] = {}
    create_products: bool = False
    retention_days: int = 0


async def import_files(options: ImportOptions, *, store: IngestStore, now: datetime, progress: Progress) -> Report:
    """Import all acceptable rows and report the rest; raise ConfigurationError where a file cannot be read at all."""
    unknown = set(options.mapping.values()) - set(columns_of(options.kind))
    if unknown:
        raise ConfigurationError(f"--map names columns that {options.kind} do not have: {', '.join(sorted(unknown))}.")
    if len(set(options.paths)) < len(options.paths):
        raise ConfigurationError("A file is named twice; its lines would count twice.")
    report = Report(options.paths)
    try:
        if options.kind == "events":
            with Staging.opened() as staging:
                for place, record in _records(options, report, now=now, progress=progress):
                    staging.add(place, record)
                    if staging.n_lines % _PROGRESS_EVERY == 0:
                        # Ctrl-C is heard only where the loop gets a turn.
                        await asyncio.sleep(0)
                await _put_events(staging, options, report, store=store, now=now, progress=progress)
        else:
            await _put_records(options, report, store=store, now=now, progress=progress)
    finally:
        progress.end()
        report.close()
    return report


async def _put_records(
    options: ImportOptions, report: Report, *, store: IngestStore, now: datetime, progress: Progress
) -> None:
    # A customer is two rows: the profile and the segment.
    put, size = (
        (store.put_products, MAX_ROWS_PER_TRANSACTION)
        if options.kind == "products"
        else (store.put_customers, MAX_ROWS_PER_TRANSACTION // 2)
    )
    batch: list[tuple[Place, Any]] = []
    for entry in _records(options, report, now=now, progress=progress):
        batch.append(entry)
        if len(batch) == size:
            await _put(put, batch, report, now=now)
    await _put(put, batch, report, now=now)


async def _put(put: Any, batch: list[tuple[Place, Any]], report: Report, *, now: datetime) -> None:
    if batch:
        outcomes = await put([record for _, record in batch], now=now)
        for (place, _), outcome in zip(batch, outcomes, strict=True):
            report.add(outcome, [place])
        batch.clear()


async def _put_events(
    staging: Staging, options: ImportOptions, report: Report, *, store: IngestStore, now: datetime, progress: Progress
) -> None:
    progress.begin("Storing events", staging.n_lines)
    stored = 0
    batches = _batches(staging, report, create_products=options.create_products)
    batch = next(batches, None)
    while batch is not None:
        putting = asyncio.gather(
            store.put_events([event for event, _ in batch], create_products=options.create_products, now=now)
        )
        # Let it reach the database, and prepare the next batch while it is stored.
        for _ in range(TURNS_TO_BEGIN):
            await asyncio.sleep(0)
        following = next(batches, None)
        (outcomes,) = await putting
        for (_, places), outcome in zip(batch, outcomes, strict=True):
            report.add(outcome, places)
            stored += len(places)
        progress.reach(stored)
        batch = following


def _batches(
    staging: Staging, report: Report, *, create_products: bool
) -> Iterator[list[tuple[CustomerEvent, list[Place]]]]:
    """Group events so that a batch writes at most MAX_ROWS_PER_TRANSACTION rows, with the rows that they may create."""
    batch: list[tuple[CustomerEvent, list[Place]]] = []
    customers: set[str] = set()
    products: set[str] = set()
    n_rows = 0
    for event, places in staging.events():
        if isinstance(event, RowRefused):
            report.add(_refused(event), places)
            continue
        n_events = len(event.items) if isinstance(event, Purchase) else 1
        named = _named(event) if create_products else frozenset[str]()
        added = n_events + (event.customer_id not in customers) + len(named - products)
        if n_rows + added > MAX_ROWS_PER_TRANSACTION:
            yield batch
            batch, customers, products, n_rows = [], set(), set(), 0
            added = n_events + 1 + len(named)
        batch.append((event, places))
        customers.add(event.customer_id)
        products.update(named)
        n_rows += added
    if batch:
        yield batch


def _named(event: CustomerEvent) -> frozenset[str]:
    items = event.items if isinstance(event, Purchase) else (event,)
    return frozenset(item.product_id for item in items)


def _records(options: ImportOptions, report: Report, *, now: datetime, progress: Progress) -> Iterator[tuple[Place, Any]]:
    """Read all files, yielding what is acceptable with its place and reporting what is not."""
    read = reader_of(options.kind, now=now, retention_days=options.retention_days)
    for number, path in enumerate(options.paths):
        with opened(path) as file:
            progress.begin(f"Reading {path}", file.size)
            if file.columns is not None:
                _check_columns(file.columns, options, path)
            has_ours_alone = file.columns is not None and set(file.columns) <= set(columns_of(options.kind))
            is_plain = has_ours_alone and not options.mapping
            for row in file.rows:
                report.read += 1
                if report.read % _PROGRESS_EVERY == 0 and file.position is not None:
                    progress.reach(file.position.tell())
                try:
                    record = read(_values(row) if is_plain else _known(_values(row), options, report))
                except RowRefused as refused:
                    report.add(_refused(refused), [(number, row.line)])
                else:
                    yield (number, row.line), record


def _check_columns(columns: Sequence[str], options: ImportOptions, path: str) -> None:
    """Raise ConfigurationError where a header lacks a column that every line needs, or has one twice."""
    ours = [options.mapping.get(column, column) for column in columns]
    missing = [column for column in REQUIRED[options.kind] if column not in ours]
    if missing:
        raise ConfigurationError(
            f"{path} has no column {', '.join(missing)}; --map THEIRS={missing[0]} says what it is called there."
        )
    twice = [column for column in columns_of(options.kind) if ours.count(column) > 1]
    if twice:
        raise ConfigurationError(f"{path} has the column {twice[0]} twice.")


def _values(row: FileRow) -> dict[str, Any]:
    """Return what a row holds; raise RowRefused for one that cannot be read."""
    if row.refused:
        raise RowRefused(None, row.refused)
    return row.values


def _known(values: dict[str, Any], options: ImportOptions, report: Report) -> dict[str, Any]:
    """Keep the columns that this kind has, under our names, and note the others."""
    columns, mapping = columns_of(options.kind), options.mapping
    known: dict[str, Any] = {}
    for theirs, value in values.items():
        ours = mapping.get(theirs, theirs)
        if ours in columns:
            known[ours] = value
        else:
            report.ignored_columns[theirs] = None
    return known


def _refused(refused: RowRefused) -> Outcome:
    return Outcome(status="refused", field=refused.field, reason=refused.reason)
