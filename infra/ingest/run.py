"""Import files into a shop; each batch is one transaction, and the same command finishes an interrupted import."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.errors import ConfigurationError
from domain.ports import IngestStore, Outcome
from domain.records.imports import ImportedEvent
from domain.records.interactions import CustomerEvent, Purchase
from infra.ingest.files import FileRow, open_rows
from infra.ingest.report import Place, Report
from infra.ingest.rows import RECORDS, Kind, RowRefused, check_columns, columns_of, reader_of
from infra.ingest.staging import Staging
from infra.progress import Progress

MAX_ROWS_PER_TRANSACTION = 999
"""Distributed databases limit the rows that a transaction writes; one of 1,000 is left for the shop's own row."""

_PROGRESS_EVERY = 1000
_TURNS_TO_START = 3


class ImportOptions(Struct, frozen=True, kw_only=True):
    """What to import; `mapping` renames columns, theirs to ours."""

    kind: Kind
    paths: tuple[str, ...]
    mapping: Mapping[str, str] = {}
    create_products: bool = False
    retention_days: int = 0


class _Job(Struct, frozen=True):
    options: ImportOptions
    store: IngestStore
    now: datetime
    progress: Progress
    report: Report


async def import_files(options: ImportOptions, *, store: IngestStore, now: datetime, progress: Progress) -> Report:
    """Import all acceptable rows and report the others; raise ConfigurationError if a file cannot be read."""
    unknown = set(options.mapping.values()) - set(columns_of(options.kind))
    if unknown:
        raise ConfigurationError(f"--map names columns that {options.kind} do not have: {', '.join(sorted(unknown))}.")
    if len(set(options.paths)) < len(options.paths):
        raise ConfigurationError("A file is named twice; its lines would count twice.")
    job = _Job(options, store, now, progress, Report(options.paths))
    try:
        await (_import_events(job) if options.kind == "events" else _import_records(job))
    finally:
        job.report.close()
    return job.report


async def _import_records(job: _Job) -> None:
    # A customer is two rows: the profile and the segment.
    put, size = (
        (job.store.put_products, MAX_ROWS_PER_TRANSACTION)
        if job.options.kind == "products"
        else (job.store.put_customers, MAX_ROWS_PER_TRANSACTION // 2)
    )
    batch: list[tuple[Place, Any]] = []
    for entry in _records(job):
        batch.append(entry)
        if len(batch) == size:
            await _put(put, batch, job)
    await _put(put, batch, job)


async def _put(put: Any, batch: list[tuple[Place, Any]], job: _Job) -> None:
    if batch:
        outcomes = await put([record for _, record in batch], now=job.now)
        for (place, _), outcome in zip(batch, outcomes, strict=True):
            job.report.add(outcome, [place])
        batch.clear()


async def _import_events(job: _Job) -> None:
    with Staging.open() as staging:
        for place, record in _records(job):
            staging.add(place, record)
            if staging.n_lines % _PROGRESS_EVERY == 0:
                # Ctrl-C takes effect only when the event loop runs.
                await asyncio.sleep(0)
        await _store_events(job, staging)


async def _store_events(job: _Job, staging: Staging) -> None:
    job.progress.begin("Storing events", staging.n_lines)
    create_products = job.options.create_products
    n_stored = 0
    batches = _batches(staging, job.report, create_products=create_products)
    batch = next(batches, None)
    while batch is not None:
        events = [ImportedEvent(event=event) for event, _ in batch]
        storing = asyncio.gather(job.store.put_events(events, create_products=create_products, now=job.now))
        # Let it reach the database, then prepare the next batch while this one is stored.
        for _ in range(_TURNS_TO_START):
            await asyncio.sleep(0)
        next_batch = next(batches, None)
        (outcomes,) = await storing
        for (_, places), outcome in zip(batch, outcomes, strict=True):
            job.report.add(outcome, places)
            n_stored += len(places)
        job.progress.reach(n_stored)
        batch = next_batch


def _batches(
    staging: Staging, report: Report, *, create_products: bool
) -> Iterator[list[tuple[CustomerEvent, list[Place]]]]:
    """Group events into batches of at most MAX_ROWS_PER_TRANSACTION rows, with the rows that they may create."""
    batch: list[tuple[CustomerEvent, list[Place]]] = []
    customers: set[str] = set()
    products: set[str] = set()
    n_rows = 0
    for event, places in staging.events():
        if isinstance(event, RowRefused):
            report.add(_outcome_of(event), places)
            continue
        n_events = len(event.items) if isinstance(event, Purchase) else 1
        creatable = _products_of(event) if create_products else frozenset[str]()
        n_added = n_events + (event.customer_id not in customers) + len(creatable - products)
        if n_rows + n_added > MAX_ROWS_PER_TRANSACTION:
            yield batch
            batch, customers, products, n_rows = [], set(), set(), 0
            n_added = n_events + 1 + len(creatable)
        batch.append((event, places))
        customers.add(event.customer_id)
        products.update(creatable)
        n_rows += n_added
    if batch:
        yield batch


def _products_of(event: CustomerEvent) -> frozenset[str]:
    items = event.items if isinstance(event, Purchase) else (event,)
    return frozenset(item.product_id for item in items)


def _records(job: _Job) -> Iterator[tuple[Place, Any]]:
    """Read all files; yield acceptable records with their places, and report the other rows."""
    options, report = job.options, job.report
    read = reader_of(options.kind, now=job.now, retention_days=options.retention_days)
    known_columns = set(columns_of(options.kind))
    for number, path in enumerate(options.paths):
        with open_rows(path) as file:
            job.progress.begin(f"Reading {path}", file.size)
            if file.columns is not None:
                ours = [options.mapping.get(theirs, theirs) for theirs in file.columns]
                check_columns(path, ours, RECORDS[options.kind])
            needs_no_renaming = file.columns is not None and set(file.columns) <= known_columns and not options.mapping
            for row in file.rows:
                report.read += 1
                if report.read % _PROGRESS_EVERY == 0 and file.raw is not None:
                    job.progress.reach(file.raw.tell())
                try:
                    values = _values(row)
                    record = read(values if needs_no_renaming else _known_columns(values, options, report))
                except RowRefused as refused:
                    report.add(_outcome_of(refused), [(number, row.line)])
                else:
                    yield (number, row.line), record


def _values(row: FileRow) -> dict[str, Any]:
    if row.refused:
        raise RowRefused(None, row.refused)
    return row.values


def _known_columns(values: dict[str, Any], options: ImportOptions, report: Report) -> dict[str, Any]:
    """Return the columns of this kind under our names, and report the others as ignored."""
    columns, mapping = columns_of(options.kind), options.mapping
    known: dict[str, Any] = {}
    for theirs, value in values.items():
        ours = mapping.get(theirs, theirs)
        if ours in columns:
            known[ours] = value
        else:
            report.ignored_columns[theirs] = None
    return known


def _outcome_of(refused: RowRefused) -> Outcome:
    return Outcome(status="refused", field=refused.field, reason=refused.reason)
