"""Render pages, and answer requests that fail with a page instead of problem details."""

from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from infra.dashboard import formats
from infra.dashboard.assets import address_of
from infra.dashboard.forms import TOKEN_FIELD, FormRefused
from infra.dashboard.sessions import PATH, Notice, form_token, visit_of
from infra.dashboard.texts import text
from infra.dashboard.tiles import tile_of
from infra.http.auth import DASHBOARD, DASHBOARD_BACKEND, SIGN_IN, AuthenticatedRequest, actor_of
from infra.http.problems import make_problem, reported
from infra.http.responses import get_request_id
from infra.storage.opening import Shop


def path_of(*parts: str) -> str:
    """Return the path of a page, with the parts encoded."""
    return "/".join((PATH, *(quote(part, safe="") for part in parts)))


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_GLOBALS = {"t": text, "asset": address_of, "token_field": TOKEN_FIELD, "path": path_of, "tile_of": tile_of}
_FORMATS = (formats.money, formats.number, formats.ago, formats.day, formats.minute, formats.clock)
cast("dict[str, Any]", _ENVIRONMENT.globals).update(_GLOBALS)
cast("dict[str, Any]", _ENVIRONMENT.filters).update((function.__name__, function) for function in _FORMATS)


async def show(
    request: AuthenticatedRequest, shop: Shop, template: str, *, status_code: int = 200, **values: Any
) -> Response[str]:
    """Return a page for the session of a request, with the message that waits for it."""
    visit = await visit_of(request, shop)
    notice = None
    if visit.session.notice is not None:
        notice = msgspec.json.decode(visit.session.notice, type=Notice)
        await shop.repository.set_notice(visit.session.session_hash, None)
    content = render(
        template,
        form_token=form_token(visit.secret),
        is_viewer=request.auth == "viewer",
        key_name=actor_of(request) if shop.settings.keys else None,
        notice=notice,
        now=shop.now(),
        hosts=shop.settings.picture_hosts,
        **values,
    )
    cookies = [visit.cookie] if visit.cookie else []
    return page_of(content, shop.settings.picture_hosts, status_code=status_code, cookies=cookies)


def render(template: str, **values: Any) -> str:
    return _ENVIRONMENT.get_template(template).render(**values)


def page_of(
    content: str, picture_hosts: tuple[str, ...] = (), *, status_code: int = 200, cookies: list[Cookie] | None = None
) -> Response[str]:
    """Return a response of HTML that loads nothing of other hosts but pictures, and runs no script of its content."""
    pictures = " ".join(("'self'", *(f"https://{host}" for host in picture_hosts)))
    policy = (
        f"default-src 'self'; img-src {pictures}; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " object-src 'none'"
    )
    headers = {"content-security-policy": policy}
    return Response(content, media_type="text/html", status_code=status_code, headers=headers, cookies=cookies or [])


def see(*parts: str, cookies: list[Cookie] | None = None) -> Redirect:
    """Return the answer to a form: the browser opens a page."""
    return Redirect(path_of(*parts), status_code=303, cookies=cookies)


def show_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Return the page of an error; who has no session signs in first."""
    error = cast("Any", request.app).counted(error, request.scope)
    if isinstance(error, FormRefused):
        problem, headers = make_problem("forbidden"), dict[str, str]()
        title, detail = text("error.form"), text("error.form_detail")
    else:
        problem, headers = reported(error, get_request_id(request.scope))
        if problem.status == 401:
            return see("login")
        title, detail = problem.title, problem.detail
    page = page_of(render("error.html", title=title, detail=detail, status=problem.status), status_code=problem.status)
    page.headers.update({name: value for name, value in headers.items() if name != "www-authenticate"})
    return page


_HANDLER: dict[str, Any] = {"include_in_schema": False, "exception_handlers": {Exception: show_error}}

page = partial(get, opt=DASHBOARD, **_HANDLER)
"""A page for every session."""
backend_page = partial(get, opt=DASHBOARD_BACKEND, **_HANDLER)
"""A page with personal data."""
open_page = partial(get, opt=SIGN_IN, **_HANDLER)
open_form = partial(post, opt=SIGN_IN | {"takes_form": True}, **_HANDLER)
form = partial(post, opt=DASHBOARD | {"takes_form": True}, **_HANDLER)
backend_form = partial(post, opt=DASHBOARD_BACKEND | {"takes_form": True}, request_max_body_size=None, **_HANDLER)
"""A form that changes something, or that shows a person."""
