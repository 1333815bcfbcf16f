"""Start server processes on loopback, and stop them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

ROOT = Path(__file__).parents[1]
PORT = 18_431
START_SECONDS = 180


class Server(NamedTuple):
    url: str
    process_id: int


def granian(target: str, *, n_workers: int = 1, port: int = PORT, **environment: str) -> AbstractContextManager[Server]:
    """Serve an application of this project as `python main.py` does."""
    options = "--interface asgi --http 1 --runtime-mode st --loop uvloop --no-ws --host 127.0.0.1"
    command = [sys.executable, "-m", "granian", *options.split(), "--port", str(port), "--workers", str(n_workers), target]
    return running(command, port=port, **environment)


def shop(url: str, *, port: int = PORT, **environment: str) -> AbstractContextManager[Server]:
    """Serve a shop by `python main.py`; `url` is its database."""
    return running(
        [sys.executable, "main.py"], port=port, DATABASE_URL=url, PORT=str(port), LOG_LEVEL="WARNING", **environment
    )


@contextmanager
def running(command: list[str], *, port: int, **environment: str) -> Iterator[Server]:
    """Run a server, wait for its first answer, and stop it at the end."""
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_answer(process, url)
        yield Server(url, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], url: str) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(url, timeout=START_SECONDS)
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > ends_at:
                raise
            time.sleep(0.05)
        else:
            return
