"""Purge while the application runs: `EVENT_RETENTION_DAYS`, `GUEST_RETENTION_DAYS` and `AUDIT_RETENTION_DAYS`."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from domain.errors import ShopError
from domain.ports.repository import Repository
from infra.storage.opening import Storage
from infra.tasks import background_task
from infra.use_cases.purge import Retention, purge_all, purge_audit

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 3600.0


@asynccontextmanager
async def purge_when_due(storage: Storage) -> AsyncGenerator[None]:
    """Purge at the start of the application and then every hour: impressions have a retention in any case."""
    settings = storage.settings()
    retention = Retention(event_days=settings.event_retention_days, guest_days=settings.guest_retention_days)
    audit_days = settings.audit_retention_days
    repository = (await storage.shop()).repository
    async with background_task(purge_periodically(repository, retention=retention, audit_days=audit_days)):
        yield


async def purge_periodically(
    repository: Repository, *, retention: Retention, audit_days: int = 0, interval_seconds: float = INTERVAL_SECONDS
) -> None:
    """Purge until cancelled; after a storage error, try again at the next interval."""
    while True:
        try:
            await purge_all(repository, now=datetime.now(UTC), retention=retention)
            await purge_audit(repository, now=datetime.now(UTC), retention_days=audit_days)
        except ShopError as error:
            logger.warning("What is past its retention was not purged: %s.", type(error).__name__)
        await asyncio.sleep(interval_seconds)
