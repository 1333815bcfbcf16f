"""Serve the Runtime API of AWS Lambda on loopback, and run a built function under AWS's own client."""

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from infra.packaging.__main__ import CACHE
from infra.packaging.wheels import fetch, python
from tests.canaries import search_later

MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
CLIENT_LOCK = Path(__file__).parents[2] / "requirements" / "awslambdaric.lock"
PATH = "/2018-06-01/runtime/"


class FunctionError(Exception):
    """The error of a function, as its client reports it to AWS Lambda."""


class _RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, timeout_seconds):
        self.waiting, self.answers = queue.Queue(), queue.Queue()
        self.timeout_seconds = timeout_seconds
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        assert self.path == f"{PATH}invocation/next"
        request_id, event = self.server.waiting.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + self.server.timeout_seconds) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:shop")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0")
        self.send_header("Content-Type", "application/json")
        self._send(event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answers.put((self.path.removeprefix(PATH), body))
        self.send_response(202)
        self._send(b"{}")

    def _send(self, body):
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Function:
    """One execution environment: a process that runs an artefact and handles events one by one."""

    def __init__(self, artefact, handler, *, timeout_seconds=10, **settings):
        self._api = _RuntimeApi(timeout_seconds)
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        descriptor, name = tempfile.mkstemp()
        self._output = Path(name)
        client = fetch(CLIENT_LOCK, machine=MACHINE, cache=CACHE)
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "shop-function",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "LAMBDA_TASK_ROOT": str(artefact),
            "PYTHONPATH": f"{artefact}:{client}",
            "PATH": os.environ["PATH"],
            **settings,
        }
        self.process = subprocess.Popen(
            # Only the artefact, the client and the standard library can be imported.
            [python(), "-s", "-S", "-m", "awslambdaric", handler],
            cwd=artefact,
            env=environment,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
        )
        os.close(descriptor)

    def invoke(self, event, *, seconds=30):
        """Send an event and return the answer; raise FunctionError if the function raises."""
        return self.answer(self.send(event), seconds=seconds)

    def send(self, event):
        request_id = str(uuid.uuid4())
        self._api.waiting.put((request_id, json.dumps(event).encode()))
        return request_id

    def answer(self, request_id, *, seconds=30):
        path, body = self._api.answers.get(timeout=seconds)
        if path != f"invocation/{request_id}/response":
            raise FunctionError(path, json.loads(body))
        return json.loads(body)

    def freeze(self):
        """Stop the process, as AWS Lambda does between invocations."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def lines(self):
        """Return the log; every line is JSON."""
        return [json.loads(line) for line in self._output.read_text().splitlines()]

    def end(self):
        self.thaw()
        self.process.kill()
        self.process.wait()
        self._api.shutdown()
        self._api.server_close()
        search_later(self._output.read_text())
        self._output.unlink()


@contextmanager
def running(artefact, handler, **options):
    function = Function(artefact, handler, **options)
    try:
        yield function
    finally:
        function.end()
