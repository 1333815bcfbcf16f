"""Import files into a shop: understand them, stage all their lines, and only then store them.

Each batch is one transaction, and the same command finishes an interrupted import.
"""

import os
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import PurePath

from domain.errors import ConfigurationError
from domain.ports.ingest import IngestStore
from domain.records.imports import ImportRecord
from infra.ingest.job import Job, check_refusals
from infra.ingest.options import ImportOptions
from infra.ingest.report import Report
from infra.ingest.stage import stage_file
from infra.ingest.staging import Staging
from infra.ingest.store_events import store_events
from infra.ingest.store_records import store_customers, store_products
from infra.progress import Progress

IMPORT_ID_BYTES = 6


async def import_files(
    options: ImportOptions, *, store: IngestStore, now: datetime, progress: Progress, say: Callable[[str], object]
) -> Report:
    """Import all acceptable lines and report the others; `say` shows how the files were understood.

    Raise FileUnreadable, or NotUnderstood if nothing may be stored.
    """
    if len(set(map(os.path.realpath, options.paths))) < len(options.paths):
        raise ConfigurationError("A file is named twice; its lines would count twice.")
    writes_refusals = not options.dry_run if options.lists_refused is None else options.lists_refused
    report = Report(options.paths, writes_refusals=writes_refusals, max_listed=options.max_listed)
    report.import_id = secrets.token_hex(IMPORT_ID_BYTES)
    job = Job(options, store, report.import_id, now, progress, report, say)
    with _disk_faults_in_words():
        try:
            await _import(job)
        finally:
            report.close()
    return report


@contextmanager
def _disk_faults_in_words() -> Generator[None]:
    """Raise ConfigurationError where a disk is full or a folder cannot be written; storage has errors of its own."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"A temporary file or a list of refused lines cannot be written: {error.strerror}."
            " Free some space, or name another folder for temporary files with TMPDIR."
        ) from error


async def _import(job: Job) -> None:
    options, report, store = job.options, job.report, job.store
    with Staging.open() as staging:
        understood = [await stage_file(job, staging, number) for number in range(len(options.paths))]
        check_refusals(report, report.read)
        await store.begin_import(_record_of(job))
        match options.kind:
            case "products":
                await store_products(job, staging)
            case "customers":
                await store_customers(job, staging)
            case _:
                await store_events(job, staging, understood)
        await store.finish_import(job.import_id, report.counts, now=job.now)


def _record_of(job: Job) -> ImportRecord:
    return ImportRecord(
        import_id=job.import_id,
        started_at=job.now,
        kind=job.options.kind,
        files=tuple(PurePath(path).name for path in job.options.paths),
    )
