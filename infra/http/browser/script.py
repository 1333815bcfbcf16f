"""Serve `recommend.js` to pages of any host, with a validator, so that browsers keep it."""

from hashlib import sha256
from pathlib import Path

from litestar import Response

from infra.http.auth import AuthenticatedRequest
from infra.http.headers import get_header

_LINES = Path(__file__).with_name("recommend.js").read_text("utf-8").split("\n")
SCRIPT = "\n".join(line for line in map(str.strip, _LINES) if line and not line.startswith("//")).encode()
"""The script without comments, which fill lines of their own, and without indentation."""
ETAG = f'"{sha256(SCRIPT).hexdigest()[:32]}"'
HEADERS = {
    # A new release reaches every page within an hour.
    "cache-control": "public, max-age=3600",
    "etag": ETAG,
    # Pages that are isolated from other origins load only scripts that allow it.
    "cross-origin-resource-policy": "cross-origin",
}


def script_response(request: AuthenticatedRequest) -> Response[bytes]:
    """Return the script, or 304 if the request names its entity tag (RFC 9110, 13.1.2: weak ones compare as strong)."""
    tags = get_header(request.scope, b"if-none-match").decode("latin-1").split(",")
    if {tag.strip().removeprefix("W/") for tag in tags} & {ETAG, "*"}:
        return Response(b"", status_code=304, headers=HEADERS)
    return Response(SCRIPT, media_type="text/javascript", headers=HEADERS)
