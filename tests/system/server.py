"""A real server in a process group of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`main.py` on a database, until it is stopped or killed."""

    def __init__(self, database, *arguments, **settings):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{database}",
            "PORT": str(self.port),
            "LOG_LEVEL": "ERROR",
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "main.py", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def await_health(self, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return
            assert self.process.poll() is None, self.process.stdout.read()
            time.sleep(0.05)
        raise TimeoutError

    def kill(self):
        """Kill the whole process group at once, as a power switch would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=15)
        self.process.stdout.close()
        return code


@contextmanager
def serving(database, *arguments, **settings):
    server = Server(database, *arguments, **settings)
    try:
        server.await_health()
        yield server
    finally:
        server.kill()
