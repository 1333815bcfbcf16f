"""Delete events that are older than the retention, alone or before a training."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from domain.audit_ports import AuditLog
from domain.ports import Repository, ShopStore
from domain.ranking.model import Model
from domain.records.interactions import oldest_kept
from infra.use_cases.train import TrainingWatcher, TuningBudget, train

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.01
MIN_EVENTS_TO_CONFIRM = 1000


class PurgePlan(Struct, frozen=True, kw_only=True):
    """What a purge would delete: the events before an instant, of all events; order items count one by one."""

    before: datetime
    n_old: int
    n_all: int

    @property
    def needs_confirmation(self) -> bool:
        """Return whether more than half of a history would go, which a wrong setting may cause."""
        return self.n_old >= MIN_EVENTS_TO_CONFIRM and self.n_old > self.n_all / 2


async def plan_purge(repository: Repository, *, now: datetime, retention_days: int) -> PurgePlan:
    """Count what a purge would delete, and delete nothing."""
    before = oldest_kept(now, retention_days=retention_days)
    n_old, n_all = await repository.count_events_before(before)
    return PurgePlan(before=before, n_old=n_old, n_all=n_all)


async def purge(repository: Repository, *, now: datetime, retention_days: int, is_confirmed: bool = False) -> int:
    """Delete the events older than `retention_days`, batch by batch, and return their number; 0 days keep all events.

    Log before what will be deleted. More than half of a history is deleted only if that is confirmed.
    """
    if retention_days == 0:
        return 0
    plan = await plan_purge(repository, now=now, retention_days=retention_days)
    if plan.needs_confirmation and not is_confirmed:
        logger.warning(
            "EVENT_RETENTION_DAYS=%d would delete %d of %d events; run `python main.py retention --yes` to delete them.",
            retention_days,
            plan.n_old,
            plan.n_all,
        )
        return 0
    if plan.n_old:
        logger.info("Deleting %d of %d events, which are older than %d days.", plan.n_old, plan.n_all, retention_days)
    n_purged = 0
    while n := await repository.purge_events(before=plan.before):
        n_purged += n
        # Requests that wait for the write lock run between two batches.
        await asyncio.sleep(PAUSE_SECONDS)
    return n_purged


async def purge_audit(log: AuditLog, *, now: datetime, retention_days: int) -> int:
    """Delete the entries of the audit older than `retention_days`, and return their number; 0 days keep all entries."""
    if retention_days == 0:
        return 0
    n_purged = 0
    while n := await log.purge_audit(before=now - timedelta(days=retention_days)):
        n_purged += n
        await asyncio.sleep(PAUSE_SECONDS)
    if n_purged:
        logger.info("Deleted %d entries of the audit, which are older than %d days.", n_purged, retention_days)
    return n_purged


async def purge_and_train(
    store: ShopStore, *, retention_days: int, budget: TuningBudget, watcher: TrainingWatcher | None = None
) -> Model:
    """Purge, then train on the remaining events: an expired event must not shape the model."""
    await purge(store, now=datetime.now(UTC), retention_days=retention_days)
    return await train(store, now=datetime.now(UTC), budget=budget, watcher=watcher)
