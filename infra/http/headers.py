"""Response headers for security and CORS, and access to request headers."""

from collections.abc import Collection
from typing import Any

Headers = list[tuple[bytes, bytes]]

STRICT_SECURITY_HEADERS: Headers = [
    # Without this header, the local server would add its own name.
    (b"server", b"shop"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""The headers of each response, as far as its route does not set others of the same name."""
_PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
]


def cors_headers(scope: Any, origins: Collection[bytes]) -> Headers:
    """Return the CORS headers of a response; only pages of `origins` may read it."""
    origin = get_header(scope, b"origin")
    if origin not in origins:
        return [(b"vary", b"origin")]
    return [(b"access-control-allow-origin", origin), (b"vary", b"origin")]


def preflight_headers(scope: Any, origins: Collection[bytes]) -> Headers | None:
    """Return the headers that answer a CORS preflight request; None for any other request."""
    if scope["method"] != "OPTIONS" or get_header(scope, b"origin") not in origins:
        return None
    return _PREFLIGHT if get_header(scope, b"access-control-request-method") else None


def get_cookie(scope: Any, name: bytes) -> bytes:
    """Return the value of a cookie, empty if the request has none or several of this name."""
    pairs = (pair.strip().partition(b"=") for pair in get_header(scope, b"cookie").split(b";"))
    values = [value for key, _, value in pairs if key == name]
    return values[0] if len(values) == 1 else b""


def get_header(scope: Any, name: bytes) -> bytes:
    """Return a request header, empty if absent; join repeated headers with commas (RFC 9110, 5.3)."""
    joined = None
    for header, value in scope["headers"]:
        if header == name:
            joined = value if joined is None else joined + b", " + value
    return joined or b""
