"""Store the products or customers that were staged."""

from collections.abc import Awaitable, Callable
from typing import Any

from domain.ports.ingest import Outcome
from domain.records.products import ProductChange
from infra.ingest.errors import NotUnderstood
from infra.ingest.job import MAX_ROWS_PER_TRANSACTION, Job
from infra.ingest.lines import RowRefused
from infra.ingest.products import HINT, customer_of, product_of
from infra.ingest.staging import Place, Staging

MAX_WITHDRAWN_SHARE = 0.2

Put = Callable[..., Awaitable[list[Outcome]]]


async def store_products(job: Job, staging: Staging) -> None:
    missing = await _missing_products(job, staging) if job.options.full else []
    await _store(job, staging, product_of, job.store.put_products, MAX_ROWS_PER_TRANSACTION)
    for first in range(0, len(missing), MAX_ROWS_PER_TRANSACTION):
        page = missing[first : first + MAX_ROWS_PER_TRANSACTION]
        await job.store.put_products([ProductChange(product_id=one, withdrawn=True) for one in page], now=job.now)
    if missing:
        job.report.notice(f"Withdrawn, as the files do not have them: {len(missing):,} products.")
    n_merged = await job.store.merge_aliases()
    if n_merged:
        job.report.notice(f"Known by another id until now, and merged: {n_merged:,} products.")


async def store_customers(job: Job, staging: Staging) -> None:
    # A customer is two rows: the profile and the segment.
    await _store(job, staging, customer_of, job.store.put_customers, MAX_ROWS_PER_TRANSACTION // 2)


async def _missing_products(job: Job, staging: Staging) -> list[str]:
    """Return the listed products that the files lack; raise NotUnderstood if they are too many to be no mistake."""
    if job.report.counts["refused"]:
        job.report.notice("Nothing was withdrawn, because lines were refused: a refused product is not a missing one.")
        return []
    ids = staging.record_keys()
    n_listed, missing, page = 0, list[str](), await job.store.listed_products()
    while page:
        n_listed += len(page)
        missing += [product_id for product_id in page if product_id not in ids]
        page = await job.store.listed_products(page[-1])
    if len(missing) > MAX_WITHDRAWN_SHARE * n_listed and not job.options.confirmed:
        raise NotUnderstood(
            f"Nothing was stored: --full would withdraw {len(missing):,} of {n_listed:,} products. --yes confirms that."
        )
    return missing


async def _store(job: Job, staging: Staging, record_of: Callable[[Any], Any], put: Put, batch_size: int) -> None:
    job.progress.begin("Storing", staging.n_lines)
    batch: list[tuple[Any, Place]] = []
    n_stored = 0
    for lines, places in staging.records():
        n_hints = sum(HINT in fields for fields in lines)
        if n_hints == len(lines):
            continue
        record = record_of(lines)
        if isinstance(record, RowRefused):
            job.report.refuse(record, places)
            continue
        if len(places) - n_hints > 1:
            job.report.count("merged", len(places) - n_hints - 1)
        batch.append((record, places[0]))
        n_stored += len(places)
        if len(batch) == batch_size:
            await _put(job, put, batch)
            job.progress.reach(n_stored, lines=n_stored)
    await _put(job, put, batch)


async def _put(job: Job, put: Put, batch: list[tuple[Any, Place]]) -> None:
    if batch:
        outcomes = await put([record for record, _ in batch], now=job.now)
        for (_, place), outcome in zip(batch, outcomes, strict=True):
            job.report.add(outcome, [place])
            if outcome.status != "refused" and outcome.reason:
                job.report.notice(outcome.reason)
        batch.clear()
