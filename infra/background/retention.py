"""Purge old events while the application runs: `EVENT_RETENTION_DAYS`."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from domain.errors import ShopError
from domain.ports import Repository
from infra.storage.opening import Storage
from infra.tasks import background_task
from infra.use_cases.purge import purge

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 3600.0


@asynccontextmanager
async def purge_when_due(storage: Storage) -> AsyncGenerator[None]:
    """Purge at the start of the application and then every hour, if a retention is set."""
    retention_days = storage.settings().event_retention_days
    if retention_days == 0:
        yield
        return
    async with background_task(purge_periodically((await storage.shop()).repository, retention_days=retention_days)):
        yield


async def purge_periodically(
    repository: Repository, *, retention_days: int, interval_seconds: float = INTERVAL_SECONDS
) -> None:
    """Purge until cancelled; after a storage error, try again at the next interval."""
    while True:
        try:
            await purge(repository, now=datetime.now(UTC), retention_days=retention_days)
        except ShopError as error:
            logger.warning("Old events were not purged: %s.", type(error).__name__)
        await asyncio.sleep(interval_seconds)
