"""Sessions in the browser: a random secret in a cookie, of which the shop keeps the hash."""

import hmac
import re
import secrets
from hashlib import sha256

import msgspec
from litestar.datastructures import Cookie
from msgspec import Struct

from domain.records.audit import LOCAL
from domain.records.sessions import SESSION_LENGTH, DashboardSession, hash_of_secret
from infra.http.addresses import is_https
from infra.http.auth import SESSION, SESSION_COOKIE, AuthenticatedRequest
from infra.http.headers import get_cookie, get_header
from infra.storage.opening import Shop

PATH = "/dashboard"
SECRET_BYTES = 32
OWN_SITES = frozenset({b"", b"same-origin", b"none"})
"""What browsers send as `sec-fetch-site` with requests of the dashboard's own pages, and of the address bar."""


class Visit(Struct, frozen=True, kw_only=True):
    """A request of a browser with its session; `cookie` is set if the browser does not have the secret yet."""

    secret: bytes
    session: DashboardSession
    cookie: Cookie | None = None


def form_token(secret: bytes) -> str:
    """Return the token that every form of a session carries: another site can neither read nor compute it."""
    return hmac.new(secret, b"form", sha256).hexdigest()


def new_secret() -> bytes:
    return secrets.token_urlsafe(SECRET_BYTES).encode()


def is_secret(sent: bytes) -> bool:
    """Return whether a cookie can be a secret: any client may send anything."""
    return re.fullmatch(rb"[A-Za-z0-9_-]{43}", sent) is not None


def cookie_of(
    request: AuthenticatedRequest, shop: Shop, secret: bytes, *, name: str = SESSION_COOKIE, ends: bool = False
) -> Cookie:
    """Return the cookie of a secret, or the one that removes it; only HTTPS requests get one for HTTPS alone."""
    return Cookie(
        name,
        value=secret.decode(),
        path=PATH,
        max_age=0 if ends else int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=is_https(request.scope, shop.settings.proxies),
    )


async def begin(shop: Shop, key_id: str, *, notice: str | None = None) -> tuple[bytes, DashboardSession]:
    """Store a new session; its secret is nowhere but in the answer."""
    secret = new_secret()
    session = _session_of(shop, key_id, secret, notice=notice)
    await shop.repository.begin_session(session, now=shop.now())
    return secret, session


def _session_of(shop: Shop, key_id: str, secret: bytes, *, notice: str | None = None) -> DashboardSession:
    return DashboardSession(
        session_hash=hash_of_secret(secret), key_id=key_id, ends_at=shop.now() + SESSION_LENGTH, notice=notice
    )


async def visit_of(request: AuthenticatedRequest, shop: Shop) -> Visit:
    """Return the visit of an authenticated request; where no keys are set, it may begin a session."""
    session: DashboardSession | None = request.scope["state"][SESSION]
    if session is not None:
        return Visit(secret=get_cookie(request.scope, SESSION_COOKIE.encode()), session=session)
    if get_header(request.scope, b"sec-fetch-site") not in OWN_SITES:
        # A page of another site that shows or links this one begins no session; its forms are out of date.
        secret = new_secret()
        return Visit(secret=secret, session=_session_of(shop, LOCAL, secret))
    secret, session = await begin(shop, LOCAL)
    return Visit(secret=secret, session=session, cookie=cookie_of(request, shop, secret))


class Notice(Struct, frozen=True, kw_only=True):
    """A message for the next page; `undo` is what the form beside it sends, "" if nothing can be undone."""

    text: str
    undo: str = ""


async def notify(request: AuthenticatedRequest, shop: Shop, notice: str, *, undo: str = "") -> None:
    """Leave a message for the next page of the session."""
    session: DashboardSession = request.scope["state"][SESSION]
    encoded = msgspec.json.encode(Notice(text=notice, undo=undo)).decode()
    await shop.repository.set_notice(session.session_hash, encoded)
