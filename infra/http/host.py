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


def check_host(scope: Any) -> None:
    """Raise RequestRefused if the Host header is not exactly one host with an optional port (RFC 9112, 3.2)."""
    if not _is_valid(get_header(scope, b"host")):
        raise RequestRefused("bad-request")


def get_host(scope: Any) -> str:
    """Return the host of a valid Host header, in lower case, without brackets and port; empty if absent."""
    match = _HOST.fullmatch(get_header(scope, b"host"))
    return match["host"].decode().strip("[]").lower() if match else ""


@lru_cache(maxsize=64)
def _is_valid(value: bytes) -> bool:
    match = _HOST.fullmatch(value)
    return match is not None and int(match["port"] or 0) <= _MAX_PORT
