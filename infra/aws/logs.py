"""Log lines as JSON, each with the request that it belongs to; none of them holds what a customer sent."""

import logging
import os
import sys
from typing import Any

import msgspec

from infra.logs import REQUESTS, instant_of, members_of

_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR"})


class Invocation(msgspec.Struct, kw_only=True):
    """The invocation that runs now: an execution environment has one at a time."""

    request_id: str | None = None
    cold_start: bool = True


class InvocationLines(logging.Formatter):
    """One JSON object a line with the invocation, under the names by which AWS Lambda finds instant and level."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__()
        self._invocation = invocation

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": instant_of(record),
            **members_of(record),
            "request_id": self._invocation.request_id,
            "cold_start": self._invocation.cold_start,
        }
        return msgspec.json.encode(line).decode()


class StandardOutput(logging.StreamHandler[Any]):
    """Write to what is standard output at that moment, flushed line by line: an environment may be frozen at any time."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(sys.stdout)
        self.invocation = invocation
        self.setFormatter(InvocationLines(invocation))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


def log_as_json(invocation: Invocation) -> None:
    """Take the place of the handler of AWS's runtime client; a wrong `LOG_LEVEL` is told by the start, not here."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if isinstance(handler, StandardOutput)]
    if any(handler.invocation is invocation for handler in ours):
        return
    theirs = [handler for handler in root.handlers if type(handler).__module__.startswith("awslambdaric")]
    root.handlers = [*(handler for handler in root.handlers if handler not in ours + theirs), StandardOutput(invocation)]
    level = os.environ.get("LOG_LEVEL")
    root.setLevel(level if level in _LEVELS else "INFO")
    # It would log every path, which names a customer.
    logging.getLogger("mangum").setLevel("WARNING")
    # The line of the metrics says as much of each request.
    logging.getLogger(REQUESTS).setLevel("WARNING")
