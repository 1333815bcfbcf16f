"""The Host header, which Litestar takes apart while it words an error: one with a port that is none made it fail there."""

import re
from functools import lru_cache
from typing import Any

from infra.edge.problems import RequestRefused

_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?")
_MOST_PORT = 65535


def check_host(scope: Any) -> None:
    """Refuse a Host that is no host and port, or is there twice (RFC 9112, 3.2); raise RequestRefused."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1 or (hosts and not _names_a_host(hosts[0])):
        raise RequestRefused("bad-request")


@lru_cache(maxsize=64)
def _names_a_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value)
    return found is not None and int(found[1] or 0) <= _MOST_PORT
