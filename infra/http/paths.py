"""Ids in paths: percent-encoded, `/` as `%2F`, and decoded exactly once.

A server decodes the whole path before Litestar divides it at slashes. A slash of an id is therefore replaced while a request
is routed, by a character that no path may contain, and put back afterwards.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes

SLASH_OF_ID = "\x00"
"""Stands for a slash of an id while a request is routed; `check_target` refuses paths that contain it."""

_INCOMPLETE_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def raw_path_of(scope: Any) -> bytes:
    """Return the path as it was sent; if the server hands on only the decoded path, encode it again."""
    raw_path = scope.get("raw_path")
    if not raw_path:
        return quote(scope["path"], errors="surrogatepass").encode()
    return raw_path.partition(b"?")[0]


def decoded_segments(raw_path: bytes) -> list[bytes]:
    """Return the segments of a path, decoded once, after its first slash."""
    return [unquote_to_bytes(segment) for segment in raw_path.split(b"/")[1:]]


def is_text(encoded: bytes) -> bool:
    """Return whether percent-encoded bytes are complete escapes of UTF-8 text without NUL."""
    if _INCOMPLETE_ESCAPE.search(encoded):
        return False
    try:
        return "\x00" not in unquote_to_bytes(encoded).decode("utf-8")
    except UnicodeDecodeError:
        return False


def hide_slashes(scope: Any, segments: Sequence[bytes]) -> None:
    """Set the path to decoded `segments`, with the slashes of ids replaced."""
    scope["path"] = "".join("/" + segment.decode().replace("/", SLASH_OF_ID) for segment in segments)


def restore_slashes(scope: Any) -> None:
    """Put the slashes of ids back into the path parameters of a routed request."""
    if SLASH_OF_ID in scope["path"]:
        # Litestar caches the parameters of a path, so they are not changed in place.
        parameters = scope["path_params"].items()
        scope["path_params"] = {name: value.replace(SLASH_OF_ID, "/") for name, value in parameters}


def path_with_id(prefix: str, identifier: str) -> str:
    """Return the path of what has an id, for example `/customer/get-profile/SKU%2012%2F3`."""
    return f"{prefix}/{quote(identifier, safe='')}"
