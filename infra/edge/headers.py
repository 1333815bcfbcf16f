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
_POLICY = b"content-security-policy"
STRICT: Headers = [*PROTECTIVE, (_POLICY, b"default-src 'none'; frame-ancestors 'none'")]
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
]


def protective(own: Any) -> Headers:
    """Return the protective headers, with the strictest policy where an answer's `own` have none."""
    return PROTECTIVE if _POLICY in dict(own) else STRICT


def shared_with(scope: Any, origins: Collection[bytes]) -> Headers:
    """Return the headers that let a page of the request's origin read the answer: none but for configured `origins`."""
    if not origins:
        return []
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
    """Return the first header of a name, empty where there is none."""
    return next((value for name, value in scope["headers"] if name == wanted), b"")
