"""Who may ask for what, and how often: keys of the shop's own servers, each with a scope.

A route declares what it takes as an option, `opt=BACKEND`. One that does not cannot be built into an application.
"""

import os
import secrets
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from litestar import Request
from litestar.datastructures import State

from domain.errors import ConfigurationError
from infra.http.headers import header_of
from infra.http.host import host_of
from infra.http.problems import RequestRefused
from infra.settings import KeyScope, Scope, Settings, is_loopback

BACKEND = {"access": "backend"}
STOREFRONT = {"access": "storefront"}
OPEN = {"access": "open"}
DECLARATIONS = frozenset({"backend", "storefront", "open"})

NO_KEYS = "API_KEYS is not set; `python main.py new-key backend` makes a key. Without keys "
_AFTER_BEARER = len("Bearer ")

SCOPE = "shop.caller"
"""Where the state of a request from within says for whom it is; an application that mounts this one has its own names."""

KeyedRequest = Request[None, Scope, State]
"""A request that was let through; its `auth` is for whom it is answered."""


def new_key() -> str:
    """Make a key of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return the form in which `API_KEYS` holds a key; so many random bits need no salt and no slow hash."""
    return sha256(key.encode()).hexdigest()


class RateLimit:
    """Let each key ask `per_second` times a second, all of them at once if it likes; 0 for as often as it likes.

    It counts in this process alone.
    """

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._due: dict[bytes, float] = {}

    def take(self, key: bytes) -> bool:
        """Count one request of a key; return False, and count nothing, where it comes too soon."""
        if not self._seconds:
            return True
        now = self._clock()
        due = max(now, self._due.get(key, now)) + self._seconds
        if due > now + 1 + self._seconds / 2:
            return False
        self._due[key] = due
        return True


class Authenticator:
    """Look at the key of a request; raise ConfigurationError on AWS Lambda where there is none to look for."""

    def __init__(self, settings: Settings, *, environment: Mapping[str, str] = os.environ) -> None:
        if not settings.keys and "AWS_LAMBDA_FUNCTION_NAME" in environment:
            raise ConfigurationError(NO_KEYS + "a function on AWS Lambda does not start.")
        self.origins = settings.origins
        self._keys = tuple(settings.keys.items())
        self._rate = RateLimit(settings.rate_limit_per_second)

    def authenticate(self, scope: Any) -> Scope:
        """Tell for whom a request is answered; raise RequestRefused for an unknown key, a scope or a rate too small."""
        if vouched := scope["state"].get(SCOPE):
            # What calls the application from within, as a mailbox does; no client can write there.
            return vouched
        access = scope["route_handler"].opt.get("access", "backend")
        if access == "open":
            return "anyone"
        key, caller = self._known(header_of(scope, b"authorization")) if self._keys else _neighbour(scope)
        if not self._rate.take(key):
            raise RequestRefused("rate-limited")
        if access == "backend" and caller != "backend":
            raise RequestRefused("forbidden")
        return caller

    def _known(self, sent: bytes) -> tuple[bytes, KeyScope]:
        """Find the key that was sent; every known one is compared, so that the time taken tells nothing."""
        digest = sha256(sent[_AFTER_BEARER:].strip()).digest()
        known: KeyScope | None = None
        for key, caller in self._keys:
            if compare_digest(key, digest):
                known = caller
        if known is None or sent[:_AFTER_BEARER].lower() != b"bearer ":
            raise RequestRefused("unauthorized")
        return digest, known


def _neighbour(scope: Any) -> tuple[bytes, KeyScope]:
    """Take a request without a key, but only on a loopback address and under its name, whatever serves the application.

    A page in a browser on this machine can have its own host's name point to a loopback address (DNS rebinding); what it
    sends names that host. Only what is no browser names none.
    """
    address = (scope.get("server") or ("",))[0]
    if not is_loopback(str(address)):
        raise ConfigurationError(NO_KEYS + "requests are answered only on a loopback address.")
    if (host := host_of(scope)) and not is_loopback(host):
        raise RequestRefused("foreign-host", "Without API_KEYS only 127.0.0.1, [::1] and localhost are answered.")
    return b"", "backend"
