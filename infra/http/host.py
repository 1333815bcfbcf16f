"""Validate and parse the Host header.

Litestar parses it only while it formats an error, and fails there on an invalid port.
"""

import re
from functools import lru_cache
from typing import Any

from infra.http.headers import get_header
from infra.http.problems import RequestRefused

_HOST = re.compile(rb"(?P<host>[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,5}))?")
_MAX_PORT = 65535

INTERNAL_SCOPE = "shop.scope"
"""The name of the scope in the ASGI state of an internal request; the prefix avoids the names of a mounting application."""


def check_host(scope: Any) -> None:
    """Raise RequestRefused if the Host header is not exactly one host with an optional port (RFC 9112, 3.2).

    Only a request of HTTP/1.0 may lack it. A server that reports a missing header as an empty one, as granian does, makes
    both the same. Messages of a queue have none, and requests that come through a gateway are of no HTTP version.
    """
    host = get_header(scope, b"host")
    if not _is_valid(host) or (not host and _needs_host(scope)):
        raise RequestRefused("bad-request")


def get_host(scope: Any) -> str:
    """Return the host of a valid Host header, in lower case, without brackets and port; empty if absent."""
    match = _HOST.fullmatch(get_header(scope, b"host"))
    return match["host"].decode().strip("[]").lower() if match else ""


def _needs_host(scope: Any) -> bool:
    return scope["http_version"] == "1.1" and "aws.event" not in scope and INTERNAL_SCOPE not in scope.get("state", {})


@lru_cache(maxsize=64)
def _is_valid(value: bytes) -> bool:
    match = _HOST.fullmatch(value)
    return match is not None and int(match["port"] or 0) <= _MAX_PORT
