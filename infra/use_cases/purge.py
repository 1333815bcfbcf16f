"""Delete events and guests that are older than their retention, alone or before a training."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from msgspec import Struct

from domain.ports.attribution import AttributionStore
from domain.ports.audit import AuditLog
from domain.ports.repository import Repository
from domain.ports.shop import ShopStore
from domain.ranking.model import Model
from domain.records.guests import GuestCounts
from domain.records.interactions import oldest_kept
from domain.records.periods import MAX_PERIOD
from infra.use_cases.train import TrainingWatcher, TuningBudget, train

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.01
MIN_EVENTS_TO_CONFIRM = 1000


class Retention(Struct, frozen=True, kw_only=True):
    """After how many days events are deleted, and guests without an event; 0 keeps them."""

    event_days: int
    guest_days: int


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

    Impressions of the same age go too, and in any case those that are older than any report reaches.

    Log before what will be deleted. More than half of a history is deleted only if that is confirmed.
    """
    await _purge_impressions(repository, before=now - MAX_PERIOD)
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
    n_purged = await _in_batches(partial(repository.purge_events, before=plan.before))
    await _purge_impressions(repository, before=plan.before)
    return n_purged


async def _in_batches(delete: Callable[[], Awaitable[int]]) -> int:
    """Delete batches until none is left; return the number of all that were deleted."""
    n_deleted = 0
    while n := await delete():
        n_deleted += n
        # Requests that wait for the write lock run between two batches.
        await asyncio.sleep(PAUSE_SECONDS)
    return n_deleted


async def _purge_impressions(store: AttributionStore, *, before: datetime) -> None:
    if n_purged := await _in_batches(partial(store.purge_impressions, before=before)):
        logger.info("Deleted %d impressions of before %s.", n_purged, before.date())


class GuestPlan(Struct, frozen=True, kw_only=True):
    """Which guests a purge would delete: those created before an instant who have no event since."""

    before: datetime
    counts: GuestCounts

    @property
    def needs_confirmation(self) -> bool:
        """Return whether more than half of a history would go with them, as after an import of old orders of guests."""
        n_gone = self.counts.n_expired_events
        return n_gone >= MIN_EVENTS_TO_CONFIRM and n_gone > self.counts.n_events / 2


async def plan_guest_purge(repository: Repository, *, now: datetime, retention_days: int) -> GuestPlan:
    """Count whom a purge would delete, and delete nothing."""
    before = oldest_kept(now, retention_days=retention_days)
    return GuestPlan(before=before, counts=await repository.count_guests(before=before))


async def purge_guests(
    repository: Repository, *, now: datetime, retention_days: int, is_confirmed: bool = False
) -> int:  # fmt: skip
    """Delete the guests without an event for `retention_days`, batch by batch, and return their number; 0 days keep all.

    Log before how many. More than half of a history is deleted with them only if that is confirmed.
    """
    if retention_days == 0:
        return 0
    plan = await plan_guest_purge(repository, now=now, retention_days=retention_days)
    counts = plan.counts
    if plan.needs_confirmation and not is_confirmed:
        logger.warning(
            "GUEST_RETENTION_DAYS=%d would delete %d guests with %d of %d events; run `python main.py retention --yes` to"
            " delete them.",
            retention_days,
            counts.n_expired,
            counts.n_expired_events,
            counts.n_events,
        )
        return 0
    if counts.n_expired:
        logger.info(
            "Deleting %d of %d guests, who had no event for %d days.", counts.n_expired, counts.n_guests, retention_days
        )
        await _purge_guests(repository, before=plan.before)
    # Also where an earlier process ended before it could.
    await repository.scrub_guests()
    return counts.n_expired


async def _purge_guests(repository: Repository, *, before: datetime) -> None:
    after = ""
    while page := await repository.expired_guests(before=before, after=after):
        after = page[-1]
        while page:
            page = page[await repository.purge_guests(page, before=before) :]
            await asyncio.sleep(PAUSE_SECONDS)


async def purge_all(repository: Repository, *, now: datetime, retention: Retention) -> None:
    """Delete what is older than either retention."""
    await purge(repository, now=now, retention_days=retention.event_days)
    await purge_guests(repository, now=now, retention_days=retention.guest_days)


async def purge_audit(log: AuditLog, *, now: datetime, retention_days: int) -> int:
    """Delete the entries of the audit older than `retention_days`, and return their number; 0 days keep all entries."""
    if retention_days == 0:
        return 0
    n_purged = await _in_batches(partial(log.purge_audit, before=now - timedelta(days=retention_days)))
    if n_purged:
        logger.info("Deleted %d entries of the audit, which are older than %d days.", n_purged, retention_days)
    return n_purged


async def purge_and_train(
    store: ShopStore, *, retention: Retention, budget: TuningBudget, watcher: TrainingWatcher | None = None
) -> Model:
    """Purge, then train on the remaining events: an expired event must not shape the model."""
    await purge_all(store, now=datetime.now(UTC), retention=retention)
    return await train(store, now=datetime.now(UTC), budget=budget, watcher=watcher)
