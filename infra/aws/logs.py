"""Log lines of AWS Lambda functions: JSON with the id of the invocation, without anything that a customer sent."""

import logging
import os
import sys
from typing import Any

import msgspec

from infra.logs import REQUESTS, shared_members, timestamp_of

_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR"})


class Invocation(msgspec.Struct, kw_only=True):
    """The current invocation; an execution environment runs one at a time."""

    request_id: str | None = None
    cold_start: bool = True


class InvocationJsonLines(logging.Formatter):
    """Format a record as one JSON object with its invocation; AWS Lambda reads the members `timestamp` and `level`."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__()
        self._invocation = invocation

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": timestamp_of(record),
            **shared_members(record),
            "request_id": self._invocation.request_id,
            "cold_start": self._invocation.cold_start,
        }
        return msgspec.json.encode(line).decode()


class StandardOutput(logging.StreamHandler[Any]):
    """Write to the current `sys.stdout` and flush each line: AWS Lambda may freeze the environment at any time."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(sys.stdout)
        self.invocation = invocation
        self.setFormatter(InvocationJsonLines(invocation))

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stdout
        super().emit(record)


def log_as_json(invocation: Invocation) -> None:
    """Replace the root log handler of the AWS runtime client; the application start reports an invalid `LOG_LEVEL`."""
    root = logging.getLogger()
    if any(isinstance(handler, StandardOutput) and handler.invocation is invocation for handler in root.handlers):
        return
    others = [handler for handler in root.handlers if not (isinstance(handler, StandardOutput) or _is_of_runtime(handler))]
    root.handlers = [*others, StandardOutput(invocation)]
    level = os.environ.get("LOG_LEVEL")
    root.setLevel(level if level in _LEVELS else "INFO")
    # Mangum logs every path, which may name a customer.
    logging.getLogger("mangum").setLevel("WARNING")
    # The line of metrics contains the same facts about each request.
    logging.getLogger(REQUESTS).setLevel("WARNING")


def _is_of_runtime(handler: logging.Handler) -> bool:
    return type(handler).__module__.startswith("awslambdaric")
