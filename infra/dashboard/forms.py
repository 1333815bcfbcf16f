"""Forms that the pages of the dashboard send: bounded, and with the token of their session."""

import asyncio
from hmac import compare_digest
from urllib.parse import parse_qsl

from litestar.datastructures import UploadFile
from litestar.types import HTTPReceiveMessage, Receive
from msgspec import Struct

from domain.errors import ShopError
from infra.dashboard.sessions import form_token
from infra.http.auth import SESSION, SESSION_COOKIE, AuthenticatedRequest
from infra.http.headers import get_cookie, get_header
from infra.http.problems import RequestRefused
from infra.http.validation import BODY_TIMEOUT_SECONDS, MAX_BODY_BYTES, read_body

TOKEN_FIELD = "token"  # noqa: S105 - a name
FORM_OVERHEAD_BYTES = 64 * 1024
"""What a form with a file may have beside the content of the file."""
_OWN_SITES = {b"", b"same-origin", b"none"}
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
    request: AuthenticatedRequest, *, cookie: str = SESSION_COOKIE, max_file_bytes: int | None = None
) -> Form:
    """Return a form; raise FormRefused without the token of the secret in `cookie`.

    With `max_file_bytes`, a form with a file is read too; the file is temporary, and gone when it is closed.
    """
    # Browsers say which site sent a form; the token holds also where they do not.
    if get_header(request.scope, b"sec-fetch-site") not in _OWN_SITES:
        raise FormRefused
    if get_header(request.scope, b"content-encoding").lower() not in {b"", b"identity"}:
        raise RequestRefused("unsupported-encoding")
    media_type = get_header(request.scope, b"content-type").partition(b";")[0].strip().lower()
    if media_type == _MULTIPART and max_file_bytes is not None:
        form = await _with_file(request, max_bytes=max_file_bytes + FORM_OVERHEAD_BYTES)
    elif media_type == _URL_ENCODED:
        body = await read_body(request, max_bytes=MAX_BODY_BYTES)
        form = Form(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    else:
        raise RequestRefused("unsupported-media-type", "A form of the dashboard is expected.")
    secret = get_cookie(request.scope, cookie.encode())
    if cookie == SESSION_COOKIE and request.scope["state"][SESSION] is None:
        raise FormRefused
    if not secret or not compare_digest(form[TOKEN_FIELD].encode(), form_token(secret).encode()):
        raise FormRefused
    if any("\0" in value for value in form.fields.values()):
        raise RequestRefused("bad-request")
    return Form({name: value.strip() for name, value in form.fields.items()}, form.file)


async def _with_file(request: AuthenticatedRequest, *, max_bytes: int) -> Form:
    length = get_header(request.scope, b"content-length")
    if length.isdigit() and int(length[:20]) > max_bytes:
        raise RequestRefused("body-too-large")
    request.receive = _bounded(request.receive, max_bytes=max_bytes)
    fields: dict[str, str] = {}
    file: UploadFile | None = None
    for name, value in (await request.form()).multi_items():
        if isinstance(value, UploadFile):
            file = value
        else:
            fields[name] = str(value)
    return Form(fields, file)


def _bounded(receive: Receive, *, max_bytes: int) -> Receive:
    n_bytes = 0

    async def receive_bounded() -> HTTPReceiveMessage:
        nonlocal n_bytes
        try:
            async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
                message = await receive()
        except TimeoutError as error:
            raise RequestRefused("request-timeout") from error
        if message["type"] != "http.request":
            raise RequestRefused("bad-request")
        n_bytes += len(message.get("body", b""))
        if n_bytes > max_bytes:
            raise RequestRefused("body-too-large")
        return message

    return receive_bounded
