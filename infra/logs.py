"""Logs as JSON lines, without texts of exceptions from requests or storage: they may contain personal data."""

import logging
import sqlite3
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.errors import ConfigurationError

MAX_FRAMES = 12
REQUESTS = "shop.requests"
"""The logger of one line per request."""


class JsonLines(logging.Formatter):
    """Format a record as one JSON object with its extra `members`; an exception as its type and place, without its text."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": timestamp_of(record), **shared_members(record), **getattr(record, "members", {})}
        return msgspec.json.encode(line).decode()


def timestamp_of(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def shared_members(record: logging.LogRecord) -> dict[str, Any]:
    """Return the members that all log formats share."""
    message = record.getMessage()
    return {
        "level": record.levelname,
        "logger": record.name,
        # After the first line, asyncio prints objects with their contents.
        "message": message.partition("\n")[0] if record.name == "asyncio" else message,
        **({"error": describe_error(record.exc_info[1])} if record.exc_info and record.exc_info[1] else {}),
    }


def describe_error(error: BaseException, *, described: tuple[BaseException, ...] = ()) -> str:
    """Describe an exception and its causes in one line: types, places, and only texts that never contain stored values.

    A cause that is among `described` is left out: the framework raises errors of its task groups from these groups, which
    have the same errors.
    """
    text = _text(error)
    frames = [f"{frame.filename}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__))]
    described = (*described, error)
    causes = error.exceptions if isinstance(error, BaseExceptionGroup) else [error.__cause__] if error.__cause__ else []
    return (
        type(error).__name__
        + (f": {text}" if text else "")
        + (f" at {' < '.join(frames[:MAX_FRAMES])}" if frames else "")
        + "".join(f"; from {describe_error(cause, described=described)}" for cause in causes if cause not in described)
    )


def _text(error: BaseException) -> str | None:
    match error:
        case ConfigurationError():
            return str(error)
        case sqlite3.OperationalError() if hasattr(error, "sqlite_errorcode"):
            # An error without a code is from Python itself, and contains the text that it could not decode.
            return str(error)
        case OSError():
            return error.strerror
        case _:
            return None


def configuration(level: str, *, requests: bool = False) -> dict[str, Any]:
    """Return the configuration of all loggers, including the server's, for `logging.config.dictConfig`.

    `requests` switches the line per request on or off at any `level`: writing it takes longer than validating a request.
    """
    to_stderr = {"handlers": ["stderr"], "level": level, "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"{__name__}.{JsonLines.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "_granian": to_stderr,
            "granian.access": to_stderr,
            REQUESTS: {"level": "INFO" if requests else "WARNING"},
        },
    }
