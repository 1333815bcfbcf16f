"""Store the events and orders that were staged, then the returns."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import chain, compress

from domain.ports.ingest import Outcome
from domain.records.imports import ImportedEvent, OrderReturn
from domain.records.interactions import TAKES_BACK, CustomerEvent, Purchase
from infra.ingest.errors import NotUnderstood
from infra.ingest.job import MAX_ROWS_PER_TRANSACTION, Job, check_refusals
from infra.ingest.lines import EventLine, RowRefused
from infra.ingest.orders import Guest, Nothing, OrderReader
from infra.ingest.report import Report
from infra.ingest.staging import Place, Staging
from infra.ingest.understanding import Understanding

MAX_ITEMS_RETURNED_AT_ONCE = 50
ROWS_OF_A_REMOVAL = 2
"""A removal, and what it takes back."""
MAX_REMEMBERED_PRODUCTS = 200_000

_TURNS_TO_START = 3


async def store_events(job: Job, staging: Staging, understood: Sequence[Understanding]) -> None:
    job.progress.begin("Storing", staging.n_lines)
    n_stored = 0
    batches = _batches(job, _events(job, staging, understood))
    batch = next(batches, None)
    if batch is not None and not job.options.create_products:
        await _rehearse(job, batch)
    while batch is not None:
        events = [event for event, _ in batch]
        storing = asyncio.gather(
            job.store.put_events(events, create_products=job.options.create_products, import_id=job.import_id, now=job.now)
        )
        # Let it reach the database, then prepare the next batch while this one is stored.
        for _ in range(_TURNS_TO_START):
            await asyncio.sleep(0)
        next_batch = next(batches, None)
        (outcomes,) = await storing
        for (_, places), outcome in zip(batch, outcomes, strict=True):
            job.report.add(outcome, places)
            n_stored += len(places)
        job.progress.reach(n_stored, lines=n_stored)
        batch = next_batch
    await _store_returns(job, staging)


async def _rehearse(job: Job, batch: Sequence[tuple[ImportedEvent, list[Place]]]) -> None:
    """Raise NotUnderstood if over half of a batch would be refused, as with the events of an unknown catalogue."""
    events = [event for event, _ in batch]
    put = job.store.rehearsal().put_events
    _check_outcomes(job, batch, await put(events, create_products=False, import_id=job.import_id, now=job.now))


def _check_outcomes(job: Job, batch: Sequence[tuple[ImportedEvent, list[Place]]], outcomes: Sequence[Outcome]) -> None:
    trial = Report(job.options.paths, writes_refusals=False)
    for (_, places), outcome in zip(batch, outcomes, strict=True):
        trial.add(outcome, places)
    try:
        check_refusals(trial, sum(trial.counts.values()), "lines that were tried")
    except NotUnderstood as error:
        hint = "Import the catalogue first, or use --create-products."
        raise NotUnderstood(f"{error}\n{hint}" if "catalogue" in str(error) else str(error)) from None


async def _store_returns(job: Job, staging: Staging) -> None:
    returns = staging.returns()
    while batch := list(_limited(returns)):
        outcomes = await job.store.put_returns([returned for returned, _ in batch], import_id=job.import_id, now=job.now)
        for (_, places), outcome in zip(batch, outcomes, strict=True):
            job.report.add(outcome, places)


def _limited(returns: Iterator[tuple[OrderReturn, list[Place]]]) -> Iterator[tuple[OrderReturn, list[Place]]]:
    n_items = 0
    for returned, places in returns:
        yield returned, places
        n_items += max(1, len(returned.items))
        if n_items >= MAX_ITEMS_RETURNED_AT_ONCE:
            return


def _events(job: Job, staging: Staging, understood: Sequence[Understanding]) -> Iterator[tuple[ImportedEvent, list[Place]]]:
    """Yield the events of the staged lines; put off returns, and report guests and refusals."""
    report = job.report
    reader = OrderReader(
        guests=job.options.guests,
        return_prefix=next((one.format.return_prefix for one in understood if one.format.return_prefix), ""),
    )
    events = (
        (Nothing() if derived_id is None else reader.event(line, derived_id=derived_id), [place], derived_id is None)
        for line, derived_id, place in staging.events()
    )
    orders = (
        (reader.order(lines, is_too_long=is_too_long), _places_that_count(job, lines, places), False)
        for lines, places, is_too_long in _latest_orders(job, staging)
    )
    for event, places, is_repeated in chain(events, orders):
        match event:
            case ImportedEvent():
                yield event, places
            case OrderReturn():
                staging.add_return(event, places)
            case RowRefused():
                report.refuse(event, places)
            case Guest():
                report.count("guest", len(places))
            case _:
                report.count("seen_before" if is_repeated else "empty", len(places))


def _latest_orders(job: Job, staging: Staging) -> Iterator[tuple[list[EventLine], list[Place], bool]]:
    """Yield the orders without lines that a later file repeats or corrects: those of the same product.

    An order may be split over files, and exports may overlap. Of a purchase that has only an event id, equal lines are one,
    because a log can have the same event several times.
    """
    for lines, places, is_too_long in staging.orders():
        is_kept = [True] * len(lines)
        if places[0][0] != places[-1][0]:
            last_files = {_meaning(line): file for line, (file, _) in zip(lines, places, strict=True)}
            is_kept = [last_files[_meaning(line)] == file for line, (file, _) in zip(lines, places, strict=True)]
        if lines[0].order_id is None:
            kept = [line if is_last else None for line, is_last in zip(lines, is_kept, strict=True)]
            is_kept = [line is not None and kept.index(line) == number for number, line in enumerate(kept)]
        job.report.count("seen_before", is_kept.count(False))
        yield list(compress(lines, is_kept)), list(compress(places, is_kept)), is_too_long


def _meaning(line: EventLine) -> tuple[str | None, bool, bool]:
    return line.product_id, line.quantity < 0, line.refused


def _places_that_count(job: Job, lines: Sequence[EventLine], places: list[Place]) -> list[Place]:
    """Return the places of the lines, without those refused when they were read, and without empty ones, which it counts."""
    if not any(line.refused or not line.quantity for line in lines):
        return places
    job.report.count("empty", sum(not line.quantity for line in lines))
    return [place for line, place in zip(lines, places, strict=True) if line.quantity and not line.refused]


def _batches(
    job: Job, events: Iterator[tuple[ImportedEvent, list[Place]]]
) -> Iterator[list[tuple[ImportedEvent, list[Place]]]]:
    """Group events into batches of at most MAX_ROWS_PER_TRANSACTION rows, with the rows that they may create."""
    create_products = job.options.create_products
    batch: list[tuple[ImportedEvent, list[Place]]] = []
    customers: set[str] = set()
    created: set[str] = set()
    n_rows = 0
    for imported, places in events:
        event = imported.event
        creatable = _products_of(imported) - created if create_products else frozenset[str]()
        n_added = _n_rows(event) + len(creatable)
        if n_rows + n_added + (event.customer_id not in customers) > MAX_ROWS_PER_TRANSACTION and batch:
            yield batch
            batch, customers, n_rows = [], set(), 0
            if len(created) > MAX_REMEMBERED_PRODUCTS:
                created.clear()
        batch.append((imported, places))
        n_rows += n_added + (event.customer_id not in customers)
        customers.add(event.customer_id)
        created |= creatable
    if batch:
        yield batch


def _n_rows(event: CustomerEvent) -> int:
    """Return how many rows storing an event writes or changes."""
    if isinstance(event, Purchase):
        return len(event.items)
    return ROWS_OF_A_REMOVAL if event.event_type in TAKES_BACK else 1


def _products_of(imported: ImportedEvent) -> frozenset[str]:
    event = imported.event
    return (
        frozenset(item.product_id for item in event.items) if isinstance(event, Purchase) else frozenset([event.product_id])
    )
