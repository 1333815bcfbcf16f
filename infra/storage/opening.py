"""The repository of an application: opened once, closed with it."""

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from domain.errors import ConfigurationError
from infra.settings import Settings
from infra.storage.sql.repository import SqlRepository
from infra.storage.sqlite import open_sqlite

LOCAL_POOL_SIZE = 8
DEMO_SHOP = Path(__file__).parents[2] / "demo.db"


class Clock:
    """The wall clock, as a dependency that tests can replace."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Shop(Struct, frozen=True):
    """What a handler works with; one dependency, since Litestar starts a task for each where there are several."""

    repository: SqlRepository
    settings: Settings
    clock: Clock

    def now(self) -> datetime:
        return self.clock.now()


class Storage:
    """Open the repository at the application's start, or at the first request where no start is announced.

    An application that another one mounts is not told of its start.
    """

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._read = read
        self._settings: Settings | None = None
        self._clock = Clock()
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()
        self._shop: Shop | None = None

    def settings(self) -> Settings:
        """Return the settings, read once; raise ConfigurationError where one is wrong."""
        if self._settings is None:
            self._settings = self._read()
        return self._settings

    async def shop(self) -> Shop:
        """Return what requests work with; raise ConfigurationError where it cannot be had; the next call tries again."""
        if self._shop is not None:
            return self._shop
        async with self._opening:
            if self._shop is None:
                repository = await self._open.enter_async_context(open_repository(self.settings()))
                self._shop = Shop(repository, self.settings(), self._clock)
            return self._shop

    async def close(self) -> None:
        self._shop = None
        await self._open.aclose()


def open_repository(settings: Settings) -> AbstractAsyncContextManager[SqlRepository]:
    """Open the storage that the settings name; refuse what would lose every write.

    On AWS Lambda, where many environments start at once, each has one connection and leaves the schema to `migrate`.
    """
    on_lambda = "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    if settings.is_postgres:
        from infra.storage.postgres import PoolOptions, open_postgres  # noqa: PLC0415 - asyncpg costs a start that SQLite spares

        options = PoolOptions(
            size=settings.database_pool_size or (1 if on_lambda else LOCAL_POOL_SIZE),
            statement_cache_size=settings.database_statement_cache_size,
        )
        return open_postgres(settings.database_url, currency=settings.currency, options=options, migrate=not on_lambda)
    if on_lambda and not settings.allow_ephemeral_sqlite:
        raise ConfigurationError("SQLite keeps nothing on AWS Lambda; ALLOW_EPHEMERAL_SQLITE=1 says that this is a trial.")
    if on_lambda:
        _lay_out_demo_shop(settings.database_path)
    return open_sqlite(settings.database_path, currency=settings.currency)


def _lay_out_demo_shop(database: Path) -> None:
    """Begin a trial with the demo shop where the artefact has one: what is deployed is read-only."""
    if DEMO_SHOP.exists() and not database.exists():
        shutil.copyfile(DEMO_SHOP, database)
        database.chmod(0o600)
