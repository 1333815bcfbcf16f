"""Read a file, show how it was understood, and stage all its lines."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain, islice
from typing import Literal

from msgspec.structs import replace

from infra.ingest.errors import NotUnderstood
from infra.ingest.event_reading import EventReader
from infra.ingest.job import Job, check_refusals
from infra.ingest.lines import EventLine, RowRefused
from infra.ingest.options import ImportOptions
from infra.ingest.preview import Trial, command_of, preview
from infra.ingest.readers import reader_of
from infra.ingest.record_reading import CustomerReader, ProductReader
from infra.ingest.report import STANDARD_INPUT, Report
from infra.ingest.sources import OpenFile, Row, open_rows
from infra.ingest.staging import Staging
from infra.ingest.understanding import N_SAMPLE_ROWS, OPTIONAL_INSTANTS, Understanding, understand, values_of_fields
from infra.ingest.values.instants import DateOrder, date_order

_PROGRESS_EVERY = 1000


async def stage_file(job: Job, staging: Staging, number: int) -> Understanding:
    path, options, report = job.options.paths[number], job.options, job.report
    with open_rows(path, encoding=options.encoding, delimiter=options.delimiter) as file:
        first_rows = list(islice(file.rows, N_SAMPLE_ROWS))
        understood = _with_date_orders(understand(file, first_rows, options), file, job)
        _check_sample(job, file, understood, first_rows)
        job.progress.begin(f"Reading {path}", file.size)
        stage = _stager_of(job, staging, understood, number, is_table=file.columns is not None)
        for n_rows, row in enumerate(chain(first_rows, file.rows), start=1):
            stage(row)
            if n_rows % _PROGRESS_EVERY == 0:
                job.progress.reach(file.position(), lines=report.read)
                # Ctrl-C takes effect only when the event loop runs.
                await asyncio.sleep(0)
        for notice in file.notices:
            report.notice(notice)
    return understood


def _with_date_orders(understood: Understanding, file: OpenFile, job: Job) -> Understanding:
    """Decide the order of dates by the whole file where its first rows do not; raise NotUnderstood if that does not."""
    orders = dict(understood.date_orders)
    for field in [field for field, order in orders.items() if order == "undecidable"]:
        orders[field] = _order_in_whole_file(file, understood, field, job.options)
        columns = ", ".join(understood.sources[field])
        if orders[field] == "undecidable":
            if field not in OPTIONAL_INSTANTS:
                raise NotUnderstood(
                    f"{file.path}: the dates in {columns} may be day/month/year or month/day/year."
                    " Say which with --dates dmy or --dates mdy."
                )
            job.report.notice(f"{columns} is not read: its dates may be day/month/year or month/day/year; see --dates.")
    return replace(understood, date_orders=orders)


def _order_in_whole_file(
    file: OpenFile, understood: Understanding, field: str, options: ImportOptions
) -> DateOrder | Literal["undecidable"] | None:
    if file.path == STANDARD_INPUT:
        return "undecidable"
    with open_rows(file.path, encoding=options.encoding, delimiter=options.delimiter) as whole:
        return date_order(values_of_fields(whole, whole.rows, understood.sources, [field]))


def _check_sample(job: Job, file: OpenFile, understood: Understanding, rows: Sequence[Row]) -> None:
    """Show how the file was understood; raise NotUnderstood if over half of its first rows would be refused."""
    trial = Report([file.path], writes_refusals=False)
    events: list[EventLine] = []
    read = reader_of(understood, job.options, is_table=file.columns is not None, now=job.now, report=trial)
    for row in rows:
        try:
            lines = read(row)
        except RowRefused as refused:
            trial.refuse(refused, [(0, row.line)])
        else:
            events += [line for line in lines if isinstance(line, EventLine)]
    shown = Trial(
        rows=rows,
        types=Counter(line.event_type or "" for line in events),
        times=[line.occurred_at for line in events if line.occurred_at is not None],
        report=trial,
    )
    job.say(preview(file, understood, shown, show_values=job.options.show_values))
    job.say(f"  To repeat this import: {command_of(job.options, understood, file)}\n")
    check_refusals(trial, len(rows), "rows at the beginning")


def _stager_of(
    job: Job, staging: Staging, understood: Understanding, number: int, *, is_table: bool
) -> Callable[[Row], None]:
    """Return a function that stages a row, or reports that it is refused."""
    read = reader_of(understood, job.options, is_table=is_table, now=job.now, report=job.report)
    if isinstance(read, EventReader):
        return partial(_stage_event, job.report, staging, read, number)
    return partial(_stage_record, job.report, staging, read, number)


def _stage_event(report: Report, staging: Staging, read: EventReader, number: int, row: Row) -> None:
    place = (number, row.line)
    n_ignored = report.counts["ignored"]
    try:
        lines = read(row)
    except RowRefused as refused:
        report.read += 1
        report.refuse(refused, [place])
        if order_id := read.order_id_of(row):
            staging.add_line(place, EventLine(order_id=order_id, event_type="purchase", refused=True))
    else:
        report.read += len(lines) + report.counts["ignored"] - n_ignored
        for line in lines:
            staging.add_line(place, line)


def _stage_record(report: Report, staging: Staging, read: ProductReader | CustomerReader, number: int, row: Row) -> None:
    report.read += 1
    try:
        records = read(row)
    except RowRefused as refused:
        report.refuse(refused, [(number, row.line)])
    else:
        for fields in records:
            staging.add_record((number, row.line), fields[read.key], fields)
