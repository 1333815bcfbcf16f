"""The id of each request, the headers of each response, and the log line of each request."""

import logging
import re
from collections.abc import Awaitable
from random import getrandbits
from time import perf_counter
from typing import Any

from litestar.types import Message, Send

from infra.http.headers import STRICT_SECURITY_HEADERS, Headers, get_header
from infra.logs import REQUESTS

logger = logging.getLogger(REQUESTS)

REQUEST_ID_HEADER = b"x-request-id"
REQUEST_ID = "shop.request_id"
"""The name of the request id in the ASGI state."""
_UUID = re.compile(rb"(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def get_request_id(scope: Any) -> str:
    """Return the id of a request: from its state, else from its header, else a new one; store it in the state.

    The header counts only if it is a UUID with hyphens: the id is logged, and any other text could be personal. Generated
    customer ids are UUIDs without hyphens.
    """
    state = scope.setdefault("state", {})
    if (request_id := state.get(REQUEST_ID)) is not None:
        return request_id
    header = get_header(scope, REQUEST_ID_HEADER)
    request_id = header.decode().lower() if header and _UUID.fullmatch(header) else getrandbits(128).to_bytes(16).hex()
    state[REQUEST_ID] = request_id
    return request_id


class ResponseSender:
    """An ASGI `send` that adds the request id and the security headers, and logs the request."""

    __slots__ = ("_scope", "_send", "_started_at", "_status", "headers")

    def __init__(self, send: Send, scope: Any) -> None:
        self._send = send
        self._scope = scope
        self._started_at = perf_counter()
        self._status: int | None = None
        self.headers: Headers = [(REQUEST_ID_HEADER, get_request_id(scope).encode())]

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = message["headers"]
            own = dict(headers)
            security_headers = [header for header in STRICT_SECURITY_HEADERS if header[0] not in own]
            message["headers"] = [*headers, *self.headers, *security_headers]
        return self._send(message)

    def log_request(self) -> None:
        """Log one line; `status` is null if the client disconnected, and `route` if no route matched.

        The line contains no path and no query: they may name a customer.
        """
        if not logger.isEnabledFor(logging.INFO):
            return
        method = self._scope["method"]
        members = {
            "method": method if method in _METHODS else "other",
            "route": self._scope.get("path_template"),
            "status": self._status,
            "milliseconds": round((perf_counter() - self._started_at) * 1000, 3),
            "request_id": get_request_id(self._scope),
        }
        # `logger.info` would also search for the calling line, which takes longer than everything else here.
        record = logging.LogRecord(logger.name, logging.INFO, __file__, 0, "Request completed.", None, None)
        record.members = members
        logger.handle(record)
