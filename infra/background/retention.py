"""How long events are kept: `EVENT_RETENTION_DAYS`."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from domain.errors import ShopError
from domain.ports import Repository
from domain.ranking.model import Model
from domain.records.interactions import oldest_kept
from infra.storage.opening import Storage
from infra.storage.sql.repository import SqlRepository
from infra.tasks import background_task
from infra.use_cases.train import TuningBudget, train

logger = logging.getLogger(__name__)

CHECK_SECONDS = 3600.0
PAUSE_SECONDS = 0.01


async def purge(repository: Repository, *, now: datetime, retention_days: int) -> int:
    """Delete the events older than the retention, batch by batch; return how many. 0 days keep all."""
    if retention_days == 0:
        return 0
    before = oldest_kept(now, retention_days=retention_days)
    n_purged = 0
    while n := await repository.purge_events(before=before):
        n_purged += n
        # Between two batches a request that waits for the write lock gets its turn.
        await asyncio.sleep(PAUSE_SECONDS)
    return n_purged


async def purge_and_train(
    repository: SqlRepository, *, retention_days: int, budget: TuningBudget, on_trial: Callable[[int], None] | None = None
) -> Model:
    """Purge, then train on what is left: a model rests on nothing that should be gone."""
    await purge(repository, now=datetime.now(UTC), retention_days=retention_days)
    return await train(repository, now=datetime.now(UTC), budget=budget, on_trial=on_trial)


@asynccontextmanager
async def purge_when_due(storage: Storage) -> AsyncGenerator[None]:
    """While the application runs, purge at its start and every hour, if there is a retention."""
    retention_days = storage.settings().event_retention_days
    if retention_days == 0:
        yield
        return
    async with background_task(keep_purging((await storage.shop()).repository, retention_days=retention_days)):
        yield


async def keep_purging(repository: Repository, *, retention_days: int, check_seconds: float = CHECK_SECONDS) -> None:
    """Purge again and again until cancelled; a storage that does not answer is tried again at the next turn."""
    while True:
        try:
            await purge(repository, now=datetime.now(UTC), retention_days=retention_days)
        except ShopError as error:
            logger.warning("Old events were not purged: %s.", type(error).__name__)
        await asyncio.sleep(check_seconds)
