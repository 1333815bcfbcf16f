"""Run a real server in a process group of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.canaries import search_later

ROOT = Path(__file__).parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def url_of(database):
    """Return a URL as it is, and a path as the URL of a SQLite file."""
    return database if "://" in str(database) else f"sqlite:///{database}"


def faulty_server(folder, source):
    """Return the command of a server that runs `source`, which plants a fault, before it imports the application."""
    (folder / "planted.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{source}\nfrom main import app\n")
    start = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from granian.server import Server;"
        "Server('planted:app', port=int(os.environ['PORT']), interface='asgi', websockets=False,"
        " workers=int(os.environ['WORKERS'])).serve()"
    )
    return [sys.executable, "-c", start, str(folder)]


class Server:
    """A process of `main.py` on a database, or of another command."""

    def __init__(self, database, *arguments, command=None, **settings):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = os.environ | {
            "DATABASE_URL": url_of(database),
            "PORT": str(self.port),
            "LOG_LEVEL": "DEBUG",
            "LOG_REQUESTS": "1",
            "WORKERS": "1",
            **settings,
        }
        # A pipe that is not read would fill up and block the server.
        descriptor, name = tempfile.mkstemp()
        self._output_file = Path(name)
        self.process = subprocess.Popen(
            command or [sys.executable, "main.py", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        os.close(descriptor)

    def output(self):
        """Return stdout and stderr so far."""
        return self._output_file.read_text()

    def await_health(self, seconds=30):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return
            assert self.process.poll() is None, self.output()
            time.sleep(0.05)
        raise TimeoutError

    def kill(self):
        """Kill the whole process group at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._check_output()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=15)
        self._check_output()
        return code

    def _check_output(self):
        """Pass the output to the search for personal data, and delete it."""
        if self._output_file.exists():
            search_later(self.output())
            self._output_file.unlink()


@contextmanager
def serving(database, *arguments, command=None, **settings):
    server = Server(database, *arguments, command=command, **settings)
    try:
        server.await_health()
        yield server
    finally:
        server.kill()
