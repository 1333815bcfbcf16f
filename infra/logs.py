"""Logs as JSON lines, without anything that a request or the storage said: that can be personal."""

import logging
import sqlite3
import traceback
from datetime import UTC, datetime
from typing import Any

import msgspec

from domain.errors import ConfigurationError

MAX_FRAMES = 12
REQUESTS = "shop.requests"
"""The name of the logger that has a line for each request."""


class JsonLines(logging.Formatter):
    """One JSON object a line; of an exception its type and where it happened, but not its text.

    A record may have further `members`.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": instant_of(record), **members_of(record), **getattr(record, "members", {})}
        return msgspec.json.encode(line).decode()


def instant_of(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def members_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what may be logged of a record, wherever the line goes."""
    message = record.getMessage()
    return {
        "level": record.levelname,
        "logger": record.name,
        # What asyncio says behind the first line shows objects with all that is in them.
        "message": message.partition("\n")[0] if record.name == "asyncio" else message,
        **({"error": describe_error(record.exc_info[1])} if record.exc_info and record.exc_info[1] else {}),
    }


def describe_error(error: BaseException) -> str:
    """Tell an exception and what caused it in one line: types and places, and only such texts as never hold a value."""
    text = _text(error)
    said = f": {text}" if text else ""
    places = [f"{frame.filename}:{frame.lineno}" for frame in reversed(traceback.extract_tb(error.__traceback__))]
    at = f" at {' < '.join(places[:MAX_FRAMES])}" if places else ""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else [error.__cause__] if error.__cause__ else []
    return f"{type(error).__name__}{said}{at}" + "".join(f"; from {describe_error(one)}" for one in inner)


def _text(error: BaseException) -> str | None:
    match error:
        case ConfigurationError():
            return str(error)
        case sqlite3.OperationalError() if hasattr(error, "sqlite_errorcode"):
            # One without a code is Python's own, and repeats the text that it could not decode.
            return str(error)
        case OSError():
            return error.strerror
        case _:
            return None


def configuration(level: str, *, requests: bool = False) -> dict[str, Any]:
    """Make the configuration of all loggers, the server's own included, for `logging.config.dictConfig`.

    A line for each `requests` is logged where it is wanted, whatever the level of all else, and only there: writing it
    takes longer than all else that guards them.
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
