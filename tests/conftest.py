"""Shared fixtures: a fixed instant, repositories of each kind, and clients of applications."""

import asyncio
import atexit
import gc
import os
import shutil
import sqlite3
import tempfile
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from hypothesis import settings as hypothesis_settings
from litestar.utils.signature import ParsedSignature

from infra.settings import Settings
from infra.storage import opening
from infra.storage.opening import open_repository
from infra.storage.sqlite.migrations import migrate
from tests import postgres

pytest_plugins = ["tests.canaries"]
# No test is timed: on a busy machine, any example may take longer.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MEMORY_DISK = Path("/dev/shm")
MIN_FREE_BYTES = 4 * 1024**3
# Threads for products of small matrices cost more than they save, the more so beside another worker. Workers inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure(config):
    """Keep the folders of tests in memory where there is enough: each commit waits for the disk otherwise.

    System tests stay on the disk, which some of them fill or crash. Each run has a folder of its own: one run of the user
    root closes the folder that pytest would share to the database server, another user, of a second run.
    """
    if (
        "not system" in config.getoption("markexpr")
        and "PYTEST_DEBUG_TEMPROOT" not in os.environ
        and MEMORY_DISK.is_dir()
        and shutil.disk_usage(MEMORY_DISK).free >= MIN_FREE_BYTES
    ):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = folder = tempfile.mkdtemp(prefix="pytest-", dir=MEMORY_DISK)
        # At the very end, after the database server has stopped.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def pytest_collection_finish():
    """Spare the garbage collector the objects of thousands of collected tests."""
    gc.freeze()
    gc.set_threshold(10_000)


@asynccontextmanager
async def running(app):
    """Run the lifespan of an application in its own task, because it must end in the task that started it."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def run_lifespan():
        async with app.lifespan():
            started.set()
            await ended.wait()

    lifespan = asyncio.create_task(run_lifespan())
    await asyncio.wait([lifespan, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        ended.set()
        await lifespan


@asynccontextmanager
async def client_of(app):
    """Run an application and yield an HTTP client of it."""
    async with running(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def signatures():
    """Let all applications share what Litestar reads from the signatures of endpoints; it takes a third of their start."""
    parse = ParsedSignature.from_fn
    parsed = {}

    def parse_once(fn, signature_namespace):
        if "<locals>" in fn.__qualname__:
            return parse(fn, signature_namespace)
        key = (fn, *sorted(signature_namespace))
        if key not in parsed:
            parsed[key] = parse(fn, signature_namespace)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ParsedSignature, "from_fn", staticmethod(parse_once))
        yield


@pytest.fixture
def now():
    return NOW


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    """Return the content of a SQLite file that has the schema and nothing else; to copy it is quicker than to migrate."""
    path = tmp_path_factory.mktemp("migrated") / "shop.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        migrate(connection)
    return path.read_bytes()


@pytest.fixture
def new_database(tmp_path):
    """Return the path of a SQLite file that does not exist yet."""
    return tmp_path / "shop.db"


@pytest.fixture
def database(new_database, migrated_file):
    """Return a SQLite file with the schema, as the first start of an application leaves it."""
    new_database.touch(mode=0o600)
    new_database.write_bytes(migrated_file)
    return new_database


@pytest.fixture
def settings(database):
    return Settings(database_url=f"sqlite:///{database}")


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    """Return the URL of a real PostgreSQL server, which all processes of a test run share."""
    base = tmp_path_factory.getbasetemp()
    return postgres.shared_url((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "postgres")


@pytest.fixture
async def postgres_url(postgres_server):
    async with postgres.new_database(postgres_server) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_template(postgres_server):
    """Return the name of a database that has the schema and nothing else; to copy it takes half as long as to migrate."""
    async with postgres.new_database(postgres_server) as url:
        async with open_repository(Settings(database_url=url)):
            pass
        yield urlsplit(url).path[1:]


@pytest.fixture
async def migrated_url(postgres_server, migrated_template):
    async with postgres.new_database(postgres_server, template=migrated_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request):
    """Return the URL of a new database, once for each kind."""
    if request.param == "postgres":
        return request.getfixturevalue("migrated_url")
    return f"sqlite:///{request.getfixturevalue('database')}"


@pytest.fixture
def written_at_once(monkeypatch):
    """Let repositories store lists and histories before they answer, so that tests find them in the database."""
    monkeypatch.setattr(opening, "WRITE_DELAY_SECONDS", 0.0)


@pytest.fixture
async def repository(database_url, written_at_once):
    async with open_repository(Settings(database_url=database_url)) as opened:
        yield opened
