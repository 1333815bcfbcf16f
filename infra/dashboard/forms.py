"""Forms that the pages of the dashboard send: bounded, and with the token of their session."""

import asyncio
from hmac import compare_digest
from urllib.parse import parse_qsl

from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from litestar.types import HTTPReceiveMessage, Receive
from msgspec import Struct

from domain.errors import ShopError
from infra.dashboard.sessions import OWN_SITES, form_token
from infra.http.auth import SESSION, SESSION_COOKIE, AuthenticatedRequest
from infra.http.headers import get_cookie, get_header
from infra.http.problems import RequestRefused
from infra.http.validation import BODY_TIMEOUT_SECONDS, MAX_BODY_BYTES, read_body

TOKEN_FIELD = "token"  # noqa: S105 - a name
FORM_OVERHEAD_BYTES = 64 * 1024
"""What a form with a file may have beside the content of the file."""
_MULTIPART = b"multipart/form-data"
_URL_ENCODED = b"application/x-www-form-urlencoded"


class FormRefused(ShopError):
    """A form without the token of its session: it is out of date, or no page of the dashboard sent it."""


class Form(Struct, frozen=True):
    """The fields of a form, empty for those that it does not have, and its file."""

    fields: dict[str, str]
    file: UploadFile | None = None

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


async def read_form(
    request: AuthenticatedRequest,
    *,
    cookie: str = SESSION_COOKIE,
    max_bytes: int = MAX_BODY_BYTES,
    max_file_bytes: int | None = None,
) -> Form:
    """Return a form; raise FormRefused without the token of the secret in `cookie`.

    With `max_file_bytes`, a form with a file is read too; the file is temporary, and gone when it is closed.
    """
    # Browsers say which site sent a form; the token holds also where they do not.
    if get_header(request.scope, b"sec-fetch-site") not in OWN_SITES:
        raise FormRefused
    if get_header(request.scope, b"content-encoding").lower() not in {b"", b"identity"}:
        raise RequestRefused("unsupported-encoding")
    media_type = get_header(request.scope, b"content-type").partition(b";")[0].strip().lower()
    if media_type == _MULTIPART and max_file_bytes is not None:
        form = await _with_file(request, max_bytes=max_file_bytes + FORM_OVERHEAD_BYTES)
    elif media_type == _URL_ENCODED:
        body = await read_body(request, max_bytes=max_bytes)
        form = Form(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    else:
        raise RequestRefused("unsupported-media-type", "A form of the dashboard is expected.")
    try:
        _check(request, form, cookie=cookie)
    except ShopError:
        if form.file is not None:
            await form.file.close()
        raise
    return Form({name: value.strip() for name, value in form.fields.items()}, form.file)


def _check(request: AuthenticatedRequest, form: Form, *, cookie: str) -> None:
    """Raise FormRefused for a form without the token of its session, RequestRefused for one with NUL."""
    secret = get_cookie(request.scope, cookie.encode())
    if cookie == SESSION_COOKIE and request.scope["state"][SESSION] is None:
        raise FormRefused
    # A field in an odd encoding may have half of a character.
    if not secret or not compare_digest(form[TOKEN_FIELD].encode("utf-8", "replace"), form_token(secret).encode()):
        raise FormRefused
    if any("\0" in value for value in form.fields.values()):
        raise RequestRefused("bad-request")


async def _with_file(request: AuthenticatedRequest, *, max_bytes: int) -> Form:
    length = get_header(request.scope, b"content-length")
    if length.isdigit() and int(length[:20]) > max_bytes:
        raise RequestRefused("body-too-large")
    request.receive = bounded = _BoundedBody(request.receive, max_bytes=max_bytes)
    try:
        sent = await request.form()
    except (HTTPException, UnicodeError, LookupError) as error:
        # Not only a damaged form: it also ends too early where the rest is refused.
        raise bounded.refusal or RequestRefused("bad-request") from error
    if bounded.refusal is not None:
        raise bounded.refusal
    fields: dict[str, str] = {}
    file: UploadFile | None = None
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile):
            file = value
        else:
            fields[name] = str(value)
    return Form(fields, file)


class _BoundedBody:
    """Receive a body, and end it where it is too long, too slow or broken off.

    An error would leave the temporary files of the form open.
    """

    def __init__(self, receive: Receive, *, max_bytes: int) -> None:
        self.refusal: RequestRefused | None = None
        self._receive = receive
        self._n_left = max_bytes

    async def __call__(self) -> HTTPReceiveMessage:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                message = await self._receive()
        except TimeoutError:
            return self._end("request-timeout")
        if message["type"] != "http.request":
            return self._end("bad-request")
        self._n_left -= len(message.get("body", b""))
        return message if self._n_left >= 0 else self._end("body-too-large")

    def _end(self, slug: str) -> HTTPReceiveMessage:
        self.refusal = RequestRefused(slug)
        return {"type": "http.request", "body": b"", "more_body": False}
