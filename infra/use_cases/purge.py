"""Delete events that are older than the retention, alone or before a training."""

import asyncio
from datetime import UTC, datetime

from domain.ports import Repository, ShopStore
from domain.ranking.model import Model
from domain.records.interactions import oldest_kept
from infra.use_cases.train import TrainingWatcher, TuningBudget, train

PAUSE_SECONDS = 0.01


async def purge(repository: Repository, *, now: datetime, retention_days: int) -> int:
    """Delete the events older than `retention_days`, batch by batch, and return their number; 0 days keep all events."""
    if retention_days == 0:
        return 0
    before = oldest_kept(now, retention_days=retention_days)
    n_purged = 0
    while n := await repository.purge_events(before=before):
        n_purged += n
        # Requests that wait for the write lock run between two batches.
        await asyncio.sleep(PAUSE_SECONDS)
    return n_purged


async def purge_and_train(
    store: ShopStore, *, retention_days: int, budget: TuningBudget, watcher: TrainingWatcher | None = None
) -> Model:
    """Purge, then train on the remaining events: an expired event must not shape the model."""
    await purge(store, now=datetime.now(UTC), retention_days=retention_days)
    return await train(store, now=datetime.now(UTC), budget=budget, watcher=watcher)
