"""Every server ends on SIGTERM, also where another application mounts this one and it is not told to stop."""

import importlib.util
import sqlite3
import sys
import time
from contextlib import closing

import httpx
import pytest

from tests.system.server import Server

pytestmark = pytest.mark.system

MOUNTED = """
from fastapi import FastAPI
from main import app as shop
app = FastAPI()
app.mount("/shop", shop)
"""
SERVERS = {
    "granian": ("--interface", "asgi", "--no-ws", "--port", "{port}"),
    # The access log of uvicorn has the path of each request, which may name a customer.
    "uvicorn": ("--no-access-log", "--port", "{port}"),
    "hypercorn": ("--bind", "127.0.0.1:{port}"),
}
START = """
import os, sys
sys.path[:0] = [sys.argv[1], os.getcwd()]
import runpy
name = sys.argv[2]
sys.argv = [name, *(argument.replace("{port}", os.environ["PORT"]) for argument in sys.argv[3:])]
runpy.run_module(name, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("target", "prefix"), [("main:app", ""), ("mounted:app", "/shop")], ids=["alone", "mounted"])
def test_a_server_ends_on_sigterm_with_all_that_the_application_started(tmp_path, server, target, prefix):
    if importlib.util.find_spec(server) is None:
        pytest.skip(f"{server} is not installed")
    (tmp_path / "mounted.py").write_text(MOUNTED)
    command = [sys.executable, "-c", START, str(tmp_path), server, *SERVERS[server], target]
    # Background training, purging and lists that are stored later all have work.
    running = Server(tmp_path / "shop.db", command=command, TRAIN_AFTER_EVENTS="1", EVENT_RETENTION_DAYS="900")
    try:
        await_ready(running, prefix)
        created = httpx.post(f"{running.url}{prefix}/customer/create", json={"customer_id": "c-1"})
        listed = httpx.get(f"{running.url}{prefix}/recommendations/c-1")
        started = time.monotonic()
        running.process.terminate()
        running.process.wait(timeout=10)
        waited = time.monotonic() - started
    finally:
        running.kill()

    assert (created.status_code, listed.status_code) == (201, 200)
    assert waited < 5
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert connection.execute("SELECT customer_id FROM customer_profiles").fetchall() == [("c-1",)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def await_ready(running, prefix):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if httpx.get(f"{running.url}{prefix}/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            assert running.process.poll() is None, running.output()
        time.sleep(0.1)
    raise TimeoutError
