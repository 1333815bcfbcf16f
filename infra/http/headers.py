"""Headers that every answer carries: what browsers may do with it, and which origins may read it."""

from collections.abc import Collection
from typing import Any

Headers = list[tuple[bytes, bytes]]

PROTECTIVE: Headers = [
    # Else the local server names itself here.
    (b"server", b"shop"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
POLICY = b"content-security-policy"
STRICT: Headers = [*PROTECTIVE, (POLICY, b"default-src 'none'; frame-ancestors 'none'")]
"""The same for an answer without a policy of its own."""
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
]


def shared_with(scope: Any, origins: Collection[bytes]) -> Headers:
    """Return the headers that let a page of the request's origin read the answer, if it is one of `origins`."""
    origin = header_of(scope, b"origin")
    if origin not in origins:
        return [(b"vary", b"origin")]
    return [(b"access-control-allow-origin", origin), (b"vary", b"origin")]


def preflight(scope: Any, origins: Collection[bytes]) -> Headers | None:
    """Return what a browser is told that asks whether it may ask; None for any other request."""
    if scope["method"] != "OPTIONS" or header_of(scope, b"origin") not in origins:
        return None
    return _PREFLIGHT if header_of(scope, b"access-control-request-method") else None


def header_of(scope: Any, wanted: bytes) -> bytes:
    """Return a header, empty where there is none; several of a name are one list of values (RFC 9110, 5.3)."""
    found = None
    for name, value in scope["headers"]:
        if name == wanted:
            found = value if found is None else found + b", " + value
    return found or b""
