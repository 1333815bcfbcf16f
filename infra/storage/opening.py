"""Open the storage that the settings select, once per application."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from domain.errors import ConfigurationError, StoreUnreachable
from domain.ports.repository import Repository
from domain.records.currencies import Currencies
from infra.settings import Settings
from infra.storage.sql.repository import SqlRepository
from infra.storage.sqlite import open_sqlite

logger = logging.getLogger(__name__)

LOCAL_POOL_SIZE = 8
WRITE_DELAY_SECONDS = 0.05
RETRY_SECONDS = 1.0
DEMO_SHOP = Path(__file__).parents[2] / "demo.db"


Clock = Callable[[], datetime]
"""Returns the current instant; tests pass another."""


def system_clock() -> datetime:
    return datetime.now(UTC)


class Shop(Struct, frozen=True):
    """The dependency of every handler. It is one struct because Litestar starts a task for each of several dependencies."""

    repository: Repository
    settings: Settings
    now: Clock


class Storage:
    """Open the repository when the application starts, or at the first request if no lifespan event arrives.

    A mounted application receives no lifespan events.
    """

    def __init__(self, read_settings: Callable[[], Settings], *, clock: Clock = system_clock) -> None:
        self._read_settings = read_settings
        self._settings: Settings | None = None
        self._clock = clock
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()
        self._shop: Shop | None = None
        self._is_waiting_for = ""

    async def wait(self) -> None:
        """Open the storage as soon as its database answers; raise ConfigurationError for all that waiting does not mend.

        Meanwhile `shop` fails at once: each request would else wait for a connection of its own.
        """
        while self._shop is None:
            try:
                await self._opened()
            except StoreUnreachable as error:
                if not self._is_waiting_for:
                    logger.error("%s The shop waits for it.", error)  # noqa: TRY400 - the text is complete
                self._is_waiting_for = str(error)
                await asyncio.sleep(RETRY_SECONDS)
        self._is_waiting_for = ""
        logger.info("The database answers.")

    def settings(self) -> Settings:
        """Return the settings, read once; raise ConfigurationError where one is wrong."""
        if self._settings is None:
            self._settings = self._read_settings()
        return self._settings

    @property
    def opened(self) -> Shop | None:
        """Return the open shop, or None before it is open."""
        return self._shop

    async def shop(self) -> Shop:
        """Return the open shop; raise ConfigurationError if it cannot be opened, and try again at the next call."""
        if self._shop is not None:
            return self._shop
        if self._is_waiting_for:
            raise StoreUnreachable(self._is_waiting_for)
        return await self._opened()

    async def _opened(self) -> Shop:
        async with self._opening:
            if self._shop is None:
                repository = await self._open.enter_async_context(open_repository(self.settings()))
                self._shop = Shop(repository, self.settings(), self._clock)
            return self._shop

    async def close(self) -> None:
        self._shop = None
        await self._open.aclose()


def open_repository(settings: Settings) -> AbstractAsyncContextManager[SqlRepository]:
    """Open the storage that the settings select; raise ConfigurationError for storage that would lose every write.

    On AWS Lambda many environments start at once: each takes one connection and leaves the schema to `migrate`.
    """
    on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    # An environment of AWS Lambda may stop after the answer.
    delay_seconds = 0.0 if on_lambda else WRITE_DELAY_SECONDS
    if settings.is_postgres:
        from infra.storage.postgres import PoolOptions, open_postgres  # noqa: PLC0415 - SQLite shops start without asyncpg

        options = PoolOptions(
            size=settings.database_pool_size or (1 if on_lambda else LOCAL_POOL_SIZE),
            statement_cache_size=settings.database_statement_cache_size,
        )
        return open_postgres(
            settings.database_url,
            currencies=Currencies(own=settings.currency, rates=settings.rates),
            options=options,
            migrate=not on_lambda,
            delay_seconds=delay_seconds,
        )
    if on_lambda and not settings.allow_ephemeral_sqlite:
        raise ConfigurationError("SQLite keeps nothing on AWS Lambda; set ALLOW_EPHEMERAL_SQLITE=1 for a trial.")
    if on_lambda:
        _copy_demo_shop(settings.database_path)
    return open_sqlite(settings.database_path, currency=settings.currency, rates=settings.rates, delay_seconds=delay_seconds)


def _copy_demo_shop(database: Path) -> None:
    """Start a trial with the demo shop of the artefact, if there is one; deployed files are read-only."""
    if DEMO_SHOP.exists() and not database.exists():
        shutil.copyfile(DEMO_SHOP, database)
        database.chmod(0o600)
