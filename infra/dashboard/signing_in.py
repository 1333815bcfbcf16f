"""Sign in with a key, and sign out."""

import asyncio
from typing import Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from domain.records.audit import Act
from domain.records.sessions import DashboardSession
from infra.dashboard.forms import read_form
from infra.dashboard.pages import form, open_form, open_page, page_of, render, see
from infra.dashboard.sessions import begin, cookie_of, form_token, is_secret, new_secret
from infra.dashboard.texts import text
from infra.dashboard.uploads import Uploads
from infra.http.auth import SESSION, AuthenticatedRequest, Authenticator, actor_of
from infra.http.headers import get_cookie
from infra.storage.opening import Shop

SIGN_IN_COOKIE = "shop_sign_in"
"""The secret of the form to sign in: the session gets another one, which nobody saw before."""


@open_page("/dashboard/login")
async def sign_in_page(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    if not shop.settings.keys:
        return see()
    return _page(request, shop)


@open_form("/dashboard/login")
async def sign_in(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    if not shop.settings.keys:
        return see()
    filled = await read_form(request, cookie=SIGN_IN_COOKIE)
    authenticator: Authenticator = request.app.authenticator()  # pyright: ignore[reportAttributeAccessIssue]
    key = authenticator.sign_in(request.scope, filled["key"])
    if key is None:
        return _page(request, shop, is_refused=True)
    secret, _ = await begin(shop, key.key_id)
    await shop.repository.note_act(Act(actor=key.name, action="sign-in", name=key.name))
    return see(
        cookies=[
            cookie_of(request, shop, secret),
            cookie_of(request, shop, b"", name=SIGN_IN_COOKIE, ends=True),
        ]
    )


@form("/dashboard/logout")
async def sign_out(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    await read_form(request)
    session: DashboardSession = request.scope["state"][SESSION]
    await asyncio.to_thread(Uploads(shop.settings, session.session_hash).discard_all)
    await shop.repository.end_session(session.session_hash)
    await shop.repository.note_act(Act(actor=actor_of(request), action="sign-out", name=actor_of(request)))
    return see("login", cookies=[cookie_of(request, shop, b"", ends=True)])


def _page(request: AuthenticatedRequest, shop: Shop, *, is_refused: bool = False) -> Response[str]:
    sent = get_cookie(request.scope, SIGN_IN_COOKIE.encode())
    secret = sent if is_secret(sent) else new_secret()
    problem = text("login.refused") if is_refused else None
    content = render("login.html", form_token=form_token(secret), problem=problem)
    cookies = [cookie_of(request, shop, secret, name=SIGN_IN_COOKIE)]
    return page_of(content, status_code=401 if is_refused else 200, cookies=cookies)
