"""The Host header: whether it is one, and which host it names.

Litestar takes it apart while it words an error, and fails there on a port that is none.
"""

import re
from functools import lru_cache
from typing import Any

from infra.http.headers import header_of
from infra.http.problems import RequestRefused

_HOST = re.compile(rb"(?P<host>[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,5}))?")
_MAX_PORT = 65535


def check_host(scope: Any) -> None:
    """Refuse a Host that is not one host and port (RFC 9112, 3.2); raise RequestRefused."""
    if not _names_a_host(header_of(scope, b"host")):
        raise RequestRefused("bad-request")


def host_of(scope: Any) -> str:
    """Return the host that a request names, without brackets and port, of one that `check_host` let through."""
    found = _HOST.fullmatch(header_of(scope, b"host"))
    return found["host"].decode().strip("[]").lower() if found else ""


@lru_cache(maxsize=64)
def _names_a_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value)
    return found is not None and int(found["port"] or 0) <= _MAX_PORT
