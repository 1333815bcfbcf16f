"""What all tests share: a moment, repositories of every kind that there is, and applications to ask."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from infra.settings import Settings
from infra.sqlite import open_sqlite

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@asynccontextmanager
async def running(app):
    """Run an application's lifespan in a task of its own, as it must end in the task that it began in."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def live():
        async with app.lifespan():
            started.set()
            await ended.wait()

    living = asyncio.create_task(live())
    await asyncio.wait([living, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        ended.set()
        await living


@asynccontextmanager
async def client_of(app):
    """Run an application and send it requests."""
    async with running(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
        yield client


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def database(tmp_path):
    return tmp_path / "shop.db"


@pytest.fixture
def settings(database):
    return Settings(database_url=f"sqlite:///{database}")


@pytest.fixture(params=["sqlite"])
async def repository(database):
    async with open_sqlite(database, currency="EUR") as opened:
        yield opened
