"""Validation of path, query, API key and body, before a request reaches its handler.

Litestar alone is lenient: it decodes `"1"` as 1, accepts any content type, and answers invalid UTF-8 and deep nesting with
500. The local app and every function share this validation.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from litestar.types import HTTPReceiveMessage, Receive

from domain.records.browser_tokens import BrowserToken
from infra.http.auth import KEY, AuthenticatedRequest, Authenticator, token_of
from infra.http.headers import get_header
from infra.http.key_use import KeyUses
from infra.http.paths import decoded_segments, hide_slashes, is_text, raw_path_of, restore_slashes
from infra.http.problems import FieldError, RequestRefused
from infra.http.query import check_query

BODY_TIMEOUT_SECONDS = 5.0
MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 16
_OPTIONAL_NUMBERS = frozenset({"min_price", "max_price"})

_PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_EXPECTED_TEXT = "Expected percent-encoded UTF-8 text"
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def check_target(scope: Any) -> None:
    """Raise RequestRefused for an ambiguous path or query, and prepare a path with an encoded slash for routing.

    A path with a dot segment, an empty segment or a trailing slash is not found. A path or query that is not percent-encoded
    UTF-8 or contains NUL is invalid.
    """
    path = raw_path_of(scope)
    query = scope["query_string"]
    if not query and _PLAIN_PATH.fullmatch(path):
        return
    segments = decoded_segments(path)
    if any(segment in {b"", b".", b".."} for segment in segments):
        raise RequestRefused("not-found")
    if not is_text(path):
        raise RequestRefused("validation", field_errors=[FieldError(pointer="#/path", detail=_EXPECTED_TEXT)])
    if query and not is_text(query):
        raise RequestRefused("validation", field_errors=[FieldError(pointer="#/query", detail=_EXPECTED_TEXT)])
    if b"%2f" in path.lower():
        hide_slashes(scope, segments)
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    for name, value in pairs:
        # Litestar parses this word as the absence of an optional number.
        if name in _OPTIONAL_NUMBERS and value.lower() == "null":
            raise _invalid_parameter(name, "Expected a number")


def request_validation_hook(
    authenticator: Callable[[], Authenticator], key_uses: KeyUses
) -> Callable[[AuthenticatedRequest], Awaitable[None]]:
    """Return the `before_request` hook that authenticates a request, notes its key, and validates query and body.

    A route sets the limit of its body with `opt={"max_body_bytes": ...}`, and lets `null` clear values with
    `opt={"takes_null": True}`. Forms of the dashboard (`takes_form`) are read by their handlers.
    """

    async def validate(request: AuthenticatedRequest) -> None:
        scope = request.scope
        restore_slashes(scope)
        scope["auth"] = await authenticator().authenticate(scope)
        token = token_of(request)
        if token is not None:
            in_query: list[str] = request.query_params.getall("customer_id", [])
            _check_customers(token, [request.path_params.get("customer_id"), *in_query])
        if (key := scope["state"].get(KEY)) is not None and key_uses.is_due(key):
            await key_uses.note(key)
        check_query(scope["query_string"], request.route_handler)
        if scope["method"] == "POST" and not request.route_handler.opt.get("takes_form"):
            document = await _validated_body(request)
            if token is not None and isinstance(document, dict):
                _check_customers(token, [document.get("customer_id")])

    return validate


def _check_customers(token: BrowserToken, named: Iterable[Any]) -> None:
    """Raise RequestRefused if a request with a token names another customer; what is no id is refused later."""
    if any(isinstance(customer_id, str) and customer_id != token.customer_id for customer_id in named):
        raise RequestRefused("forbidden", "The token is for another customer.")


async def _validated_body(request: AuthenticatedRequest) -> Any:
    """Read and validate the body, let the request deliver it again, and return its document."""
    check_body_headers(request.scope)
    body = await read_body(request, max_bytes=request.route_handler.opt.get("max_body_bytes", MAX_BODY_BYTES))
    document = check_json(body, takes_null=request.route_handler.opt.get("takes_null", False))
    request.receive = _replay(body, request.receive)
    return document


def check_body_headers(scope: Any) -> None:
    """Raise RequestRefused unless the body is declared as uncompressed `application/json` in UTF-8."""
    media_type, _, parameters = get_header(scope, b"content-type").decode("latin-1").lower().partition(";")
    charset = re.search(r'charset\s*=\s*"?([^";\s]*)', parameters)
    if media_type.strip() != "application/json" or (charset and charset[1] not in {"utf-8", "utf8"}):
        raise RequestRefused("unsupported-media-type")
    if get_header(scope, b"content-encoding").lower() not in {b"", b"identity"}:
        raise RequestRefused("unsupported-encoding")


def check_json(body: bytes, *, takes_null: bool = False) -> Any:
    """Return the document of a body, with numbers as text.

    Raise RequestRefused for a body that is empty, not JSON (RFC 8259), too deep, or has a duplicate key. A null is invalid
    too, unless the endpoint takes it to clear a value.
    """
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
    if not takes_null and b"null" in body and (pointer := _pointer_to_null(document)) is not None:
        raise RequestRefused("validation", field_errors=[FieldError(pointer=pointer, detail="Expected a value, got `null`")])
    return document


async def read_body(request: AuthenticatedRequest, *, max_bytes: int) -> bytes:
    """Return the body; raise RequestRefused if it is longer than `max_bytes`, or does not arrive in time."""
    content_length = get_header(request.scope, b"content-length")
    if content_length.isdigit() and int(content_length[:20]) > max_bytes:
        raise RequestRefused("body-too-large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            async for chunk in _chunks(request.receive):
                body += chunk
                if len(body) > max_bytes:
                    raise RequestRefused("body-too-large")
    except TimeoutError as error:
        raise RequestRefused("request-timeout") from error
    return bytes(body)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestRefused("bad-request")
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[HTTPReceiveMessage] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return pending.pop() if pending else await receive()

    return receive_again


def _invalid_parameter(name: str, detail: str) -> RequestRefused:
    return RequestRefused("validation", field_errors=[FieldError(pointer=f"#/query/{name}", detail=detail)])


def _depth(body: bytes) -> int:
    depth = max_depth = 0
    for token in _NESTING.finditer(body):
        match token[0]:
            case b"[" | b"{":
                depth += 1
                max_depth = max(max_depth, depth)
            case b"]" | b"}":
                depth -= 1
            case _:
                pass
    return max_depth


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise RequestRefused("duplicate-key")
    return members


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_PARSER = json.JSONDecoder(
    object_pairs_hook=_reject_duplicates,
    parse_constant=_reject_constant,
    # The strict decoder that follows checks the values of numbers; this parser checks only their syntax.
    parse_int=str,
    parse_float=str,
)


def _pointer_to_null(document: Any, pointer: str = "#") -> str | None:
    if document is None:
        return None if pointer == "#" else pointer
    members = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    return next((null for key, value in members if (null := _pointer_to_null(value, f"{pointer}/{key}"))), None)
