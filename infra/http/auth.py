"""Authentication by API key or browser token: which endpoints a request may use, and how many it may send per second.

Every route declares its access as an option, for example `opt=BACKEND`; `create_app` rejects a route without one.
"""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from litestar import Request
from litestar.datastructures import State

from domain.errors import ConfigurationError
from domain.records.api_keys import ApiKey, KeyScope
from domain.records.audit import A_BROWSER, LOCAL, THE_QUEUE
from domain.records.browser_tokens import TOKEN_PREFIX, BrowserToken
from domain.records.sessions import DashboardSession
from infra.http.addresses import client_address
from infra.http.headers import get_cookie, get_header
from infra.http.host import INTERNAL_SCOPE
from infra.http.known_keys import KnownKeys, bearer_of
from infra.http.loopback import check_loopback
from infra.http.problems import RequestRefused
from infra.http.rate_limit import Arrivals, RateLimit, shared_path
from infra.keys import NO_KEYS
from infra.settings import Settings
from infra.storage.opening import Clock, system_clock

BACKEND = {"access": "backend"}
REPORT = {"access": "report"}
"""For backend and viewer keys: reports on the whole shop, without personal data."""
BROWSER = {"access": "browser"}
"""For browser tokens, within the bounds of their customer, and for all keys."""
OPTIONAL = {"access": "optional"}
"""Open without a key; a key gets what its scope allows, and a wrong key is refused."""
OPEN = {"access": "open"}
SIGN_IN = {"access": "sign-in"}
"""For everybody who may sign in to the dashboard; without keys on loopback addresses only."""
DASHBOARD = {"access": "dashboard"}
"""For sessions of the dashboard, and for everybody on a loopback address where no keys are set."""
DASHBOARD_BACKEND = {"access": "dashboard-backend"}
"""As DASHBOARD, but only with a backend key: for personal data and for changes."""
OF_DASHBOARD = frozenset({"sign-in", "dashboard", "dashboard-backend"})
_SCOPES_OF: Mapping[str, frozenset[str]] = {
    "backend": frozenset({"backend"}),
    "report": frozenset({"backend", "viewer"}),
    "browser": frozenset({"backend", "storefront"}),
    "optional": frozenset({"backend", "storefront", "viewer"}),
}
"""The keys that each access allows."""
ACCESS_LEVELS = frozenset({*_SCOPES_OF, "open", *OF_DASHBOARD})

Scope = Literal[KeyScope, "browser", "anyone"]
"""The scope of a request: that of its key, `browser` with a token, or `anyone` on an open route."""

TokenReader = Callable[[bytes], Awaitable[BrowserToken | None]]
"""Returns what a token says, or None for one that is not accepted."""

SessionReader = Callable[[bytes], Awaitable[DashboardSession | None]]
"""Returns the session of a secret, or None if there is none."""

AuthenticatedRequest = Request[None, Scope, State]
"""A validated request; `auth` is its scope."""

KEY = "shop.key"
TOKEN = "shop.token"  # noqa: S105 - a name
ACTOR = "shop.actor"
SESSION = "shop.session"
"""The names, in the ASGI state, of the key, the browser token or the session of a request, and of who sent it."""
SESSION_COOKIE = "shop_session"
_DASHBOARD_SCOPES = frozenset({"backend", "viewer"})


def actor_of(request: AuthenticatedRequest) -> str:
    """Return who sent a request, for the audit: the name of its key, `local` where no key is needed, or the queue."""
    return request.scope["state"][ACTOR]


def token_of(request: AuthenticatedRequest) -> BrowserToken | None:
    """Return the browser token of a request, None for one with a key or with nothing."""
    return request.scope["state"].get(TOKEN)


def may_be_guest(request: AuthenticatedRequest, *, asked: bool) -> bool:
    """Return whether an unknown customer is taken for a guest: as the token of the request says, else as it `asked`."""
    token = token_of(request)
    return asked if token is None else token.is_guest


class Authenticator:
    """Authenticate requests by their API key or browser token.

    Without keys, it accepts requests on a loopback address only, and raises ConfigurationError on AWS Lambda.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        read_token: TokenReader,
        read_session: SessionReader,
        environment: Mapping[str, str] = os.environ,
        clock: Clock = system_clock,
    ) -> None:
        if not settings.keys and "AWS_LAMBDA_FUNCTION_NAME" in environment:
            raise ConfigurationError(NO_KEYS + "a function on AWS Lambda does not start.")
        self.origins = settings.origins
        self._keys = KnownKeys(settings.keys, clock=clock)
        self._read_token = read_token
        self._read_session = read_session
        self._proxies = settings.proxies
        path = None if settings.is_postgres else settings.database_path
        arrivals = Arrivals(shared_path(settings.database_url, path, settings.api_keys) if self._keys else None)
        self._rate_limit = RateLimit(settings.rate_limit_per_second, arrivals=arrivals)
        self._stranger_limit = RateLimit(settings.strangers_per_second, arrivals=arrivals)
        self._browser_limit = RateLimit(settings.per_browser, arrivals=arrivals)

    async def authenticate(self, scope: Any) -> Scope:
        """Return the scope of a request; raise RequestRefused if its key is invalid, lacks access or sends too often.

        The state of the request then has its key or token, if it has one, and who sent it.
        """
        state = scope["state"]
        if internal_scope := state.get(INTERNAL_SCOPE):
            # Only code of this process can write to the state, for example the handler of SQS messages.
            state[ACTOR] = THE_QUEUE
            return internal_scope
        access = scope["route_handler"].opt.get("access", "backend")
        if access == "open":
            return "anyone"
        if access in OF_DASHBOARD:
            return await self._authenticate_session(scope, access)
        header = get_header(scope, b"authorization")
        if access == "optional" and not header:
            self.count_stranger(scope)
            return "anyone" if self._keys or not _is_local(scope) else "backend"
        if (text := bearer_of(header)) is not None and text.startswith(TOKEN_PREFIX):
            return await self._authenticate_browser(scope, text, access)
        digest, key_scope = self._verify(scope) if self._keys else _local_backend(scope)
        if not self._rate_limit.allow(digest):
            raise RequestRefused("rate-limited")
        if key_scope not in _SCOPES_OF[access]:
            raise RequestRefused("forbidden")
        return key_scope

    async def _authenticate_browser(self, scope: Any, text: bytes, access: str) -> Scope:
        """Return the scope of a request with a token, which is checked also where no keys are set."""
        if not self._keys:
            _local_backend(scope)
        token = await self._read_token(text)
        if token is None:
            raise RequestRefused("unauthorized")
        scope["state"] |= {TOKEN: token, ACTOR: A_BROWSER}
        if not self._browser_limit.allow(TOKEN_PREFIX + token.customer_id.encode()):
            raise RequestRefused("rate-limited")
        if access not in {"browser", "optional"}:
            raise RequestRefused("forbidden")
        return "browser"

    async def _authenticate_session(self, scope: Any, access: str) -> Scope:
        """Return the scope of the key with which the session of a request was opened, `anyone` on the page to sign in."""
        state, key_scope = scope["state"], None if self._keys else _local_backend(scope)[1]
        if access == "sign-in":
            return "anyone"
        secret = get_cookie(scope, SESSION_COOKIE.encode())
        session = await self._read_session(secret) if secret else None
        if key_scope is not None:
            state[SESSION] = session if session and session.key_id == LOCAL else None
            return key_scope
        key = self._keys.with_id(session.key_id) if session else None
        if key is None or key.scope not in _DASHBOARD_SCOPES:
            raise RequestRefused("unauthorized")
        state |= {SESSION: session, KEY: key, ACTOR: key.name}
        if not self._rate_limit.allow(bytes.fromhex(key.key_hash)):
            raise RequestRefused("rate-limited")
        if access == "dashboard-backend" and key.scope != "backend":
            raise RequestRefused("forbidden")
        return key.scope

    def sign_in(self, scope: Any, text: str) -> ApiKey | None:
        """Return the key whose text is given if it may open the dashboard; each attempt counts as one of a stranger."""
        if not self._stranger_limit.allow(client_address(scope, self._proxies).encode()):
            raise RequestRefused("rate-limited")
        key = self._keys.find(b"Bearer " + text.encode())[1]
        return key if key is not None and key.scope in _DASHBOARD_SCOPES else None

    def count_stranger(self, scope: Any) -> None:
        """Count a request without a valid key; raise RequestRefused if its address sends too many of them.

        With a valid key no address is limited: the servers of a shop send the requests of all its customers. Without
        `API_KEYS` there are no strangers.
        """
        if not self._keys or self._keys.find(get_header(scope, b"authorization"))[1]:
            return
        if not self._stranger_limit.allow(client_address(scope, self._proxies).encode()):
            raise RequestRefused("rate-limited")

    def _verify(self, scope: Any) -> tuple[bytes, KeyScope]:
        """Return the hash and the scope of the key of a request, and note them; raise RequestRefused without a valid key."""
        digest, key = self._keys.find(get_header(scope, b"authorization"))
        if key is None:
            raise RequestRefused("unauthorized")
        scope["state"] |= {KEY: key, ACTOR: key.name}
        return digest, key.scope


def _is_local(scope: Any) -> bool:
    try:
        _local_backend(scope)
    except (ConfigurationError, RequestRefused):
        return False
    return True


def _local_backend(scope: Any) -> tuple[bytes, KeyScope]:
    """Accept a request without a key if it comes from this machine."""
    check_loopback(scope)
    scope["state"][ACTOR] = LOCAL
    return b"", "backend"
