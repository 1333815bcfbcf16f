"""What is looked at before a request reaches its handler: its path, its query, its key, its body.

Litestar alone is lenient here: it decodes `"1"` as 1, takes any content type, and answers 500 to invalid UTF-8 and to deep
nesting. The local app and every function share this guard.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from litestar.types import HTTPReceiveMessage, Receive

from infra.http.auth import Authenticator, KeyedRequest
from infra.http.headers import header_of
from infra.http.problems import FieldError, RequestRefused

BODY_SECONDS = 5.0
MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 16
REPEATABLE = frozenset({"exclude"})
NUMBERS = frozenset({"min_price", "max_price"})

_PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def check_target(scope: Any) -> None:
    """Refuse paths and queries whose meaning is not plain; raise RequestRefused.

    An encoded slash, a dot segment, an empty segment or a trailing slash name nothing here. Bytes that are not text and
    parameters given twice are invalid.
    """
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    query = scope["query_string"]
    if not query and _PLAIN_PATH.fullmatch(path):
        return
    path = path.partition(b"?")[0]
    decoded = unquote_to_bytes(path)
    segments = decoded.split(b"/")[1:]
    if b"%2f" in path.lower() or any(segment in {b"", b".", b".."} for segment in segments):
        raise RequestRefused("not-found")
    if not _is_text(decoded):
        raise RequestRefused("validation", field_errors=[FieldError(pointer="#/path", detail="Expected UTF-8 text")])
    if query and not _is_text(unquote_to_bytes(query)):
        raise RequestRefused("validation", field_errors=[FieldError(pointer="#/query", detail="Expected UTF-8 text")])
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1 and name not in REPEATABLE:
            raise _invalid_parameter(name, "Expected at most once")
    for name, value in pairs:
        # Where a number may be absent, Litestar takes this word for its absence.
        if name in NUMBERS and value.lower() == "null":
            raise _invalid_parameter(name, "Expected a number")


def validate_requests_with(authenticator: Callable[[], Authenticator]) -> Callable[[KeyedRequest], Awaitable[None]]:
    """Make the hook that asks `authenticator` for whom a request is answered, and hands on only bodies of plain JSON.

    A route bounds its body with `opt={"most_bytes": ...}`.
    """

    async def validate(request: KeyedRequest) -> None:
        scope = request.scope
        scope["auth"] = authenticator().authenticate(scope)
        if scope["method"] == "POST":
            request.receive = await _checked_body(request)

    return validate


async def _checked_body(request: KeyedRequest) -> Receive:
    """Read a request's body within its bounds and check it; return where it can be received again."""
    check_body_headers(request.scope)
    body = await _read(request, max_bytes=request.route_handler.opt.get("most_bytes", MAX_BODY_BYTES))
    check_json(body)
    return _replaying(body, request.receive)


def check_body_headers(scope: Any) -> None:
    """Refuse what is not plain `application/json` in UTF-8."""
    media_type, _, parameters = header_of(scope, b"content-type").decode("latin-1").lower().partition(";")
    charset = re.search(r'charset\s*=\s*"?([^";\s]*)', parameters)
    if media_type.strip() != "application/json" or (charset and charset[1] not in {"utf-8", "utf8"}):
        raise RequestRefused("unsupported-media-type")
    if header_of(scope, b"content-encoding").lower() not in {b"", b"identity"}:
        raise RequestRefused("unsupported-encoding")


def check_json(body: bytes) -> None:
    """Refuse a body that is empty, too deep, not JSON as RFC 8259 has it, or has a key twice or a null."""
    if not body.strip():
        raise RequestRefused("empty-body")
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        raise RequestRefused("json-too-deep")
    try:
        document = _PARSER.decode(body.decode("utf-8"))
        if b"\\u" in body:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise RequestRefused("malformed-json") from error
    if b"null" in body and (pointer := _pointer_to_null(document)) is not None:
        raise RequestRefused("validation", field_errors=[FieldError(pointer=pointer, detail="Expected a value, got `null`")])


async def _read(request: KeyedRequest, *, max_bytes: int) -> bytes:
    announced = header_of(request.scope, b"content-length")
    if announced.isdigit() and int(announced[:20]) > max_bytes:
        raise RequestRefused("body-too-large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in _parts(request.receive):
                body += part
                if len(body) > max_bytes:
                    raise RequestRefused("body-too-large")
    except TimeoutError as error:
        raise RequestRefused("request-timeout") from error
    return bytes(body)


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestRefused("bad-request")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _replaying(body: bytes, receive: Receive) -> Receive:
    pending: list[HTTPReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return pending.pop() if pending else await receive()

    return replay


def _invalid_parameter(name: str, detail: str) -> RequestRefused:
    return RequestRefused("validation", field_errors=[FieldError(pointer=f"#/query/{name}", detail=detail)])


def _is_text(decoded: bytes) -> bool:
    try:
        return "\x00" not in decoded.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for token in _NESTING.finditer(body):
        match token[0]:
            case b"[" | b"{":
                depth += 1
                deepest = max(deepest, depth)
            case b"]" | b"}":
                depth -= 1
            case _:
                pass
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise RequestRefused("duplicate-key")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_PARSER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_no_constant,
    # Numbers are judged by the strict decoder that follows; here only their form counts.
    parse_int=str,
    parse_float=str,
)


def _pointer_to_null(document: Any, pointer: str = "#") -> str | None:
    if document is None:
        return None if pointer == "#" else pointer
    members = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    return next((found for key, value in members if (found := _pointer_to_null(value, f"{pointer}/{key}"))), None)
