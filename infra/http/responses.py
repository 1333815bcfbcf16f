"""The id of a request, and the line that is logged of it: what was asked for and how it went, not by or about whom."""

import logging
import re
from collections.abc import Awaitable
from random import getrandbits
from time import perf_counter
from typing import Any

from litestar.types import Message, Send

from infra.http.headers import POLICY, PROTECTIVE, STRICT, Headers, header_of
from infra.logs import REQUESTS

logger = logging.getLogger(REQUESTS)

HEADER = b"x-request-id"
REQUEST_ID = "shop.request_id"
"""Where the state of a request has its id."""
_UUID = re.compile(rb"(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def identified(scope: Any) -> str:
    """Return the id of a request, and keep it in its state: the one that is there, that of its header, or a new one.

    A header counts where it is a UUID with hyphens, and is kept in lower case: anything else could say who somebody is, and
    is logged. Without hyphens it could be the id of a customer that we made.
    """
    state = scope.setdefault("state", {})
    if (known := state.get(REQUEST_ID)) is not None:
        return known
    sent = header_of(scope, HEADER)
    made = sent.decode().lower() if sent and _UUID.fullmatch(sent) else getrandbits(128).to_bytes(16).hex()
    state[REQUEST_ID] = made
    return made


class Answering:
    """Send the answer to a request, with its id and the headers that protect it, and log it when it is over."""

    __slots__ = ("_began", "_scope", "_send", "_status", "headers")

    def __init__(self, send: Send, scope: Any) -> None:
        self._send = send
        self._scope = scope
        self._began = perf_counter()
        self._status: int | None = None
        self.headers: Headers = [(HEADER, identified(scope).encode())]

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            own = message["headers"]
            message["headers"] = [*own, *self.headers, *(PROTECTIVE if POLICY in dict(own) else STRICT)]
        return self._send(message)

    def log(self) -> None:
        """Log a line; `status` is null where the client went away, `route` where there is none."""
        if not logger.isEnabledFor(logging.INFO):
            return
        method = self._scope["method"]
        members = {
            "method": method if method in _METHODS else "another",
            "route": self._scope.get("path_template"),
            "status": self._status,
            "milliseconds": round((perf_counter() - self._began) * 1000, 3),
            "request_id": identified(self._scope),
        }
        # As `logger.info` would, but for the search of the calling line, which takes longer than the rest.
        record = logging.LogRecord(logger.name, logging.INFO, __file__, 0, "A request was answered.", None, None)
        record.members = members
        logger.handle(record)
