"""Authentication by API key: which endpoints a request may use, and how many requests per second a key may send.

Every route declares its access as an option, for example `opt=BACKEND`; `create_app` rejects a route without one.
"""

import os
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal

from litestar import Request
from litestar.datastructures import State

from domain.errors import ConfigurationError
from infra.http.headers import get_header
from infra.http.host import get_host
from infra.http.problems import RequestRefused
from infra.keys import NO_KEYS, KeyScope
from infra.settings import Settings, is_loopback

BACKEND = {"access": "backend"}
STOREFRONT = {"access": "storefront"}
OPTIONAL = {"access": "optional"}
"""Open without a key; a key gets what its scope allows, and a wrong key is refused."""
OPEN = {"access": "open"}
ACCESS_LEVELS = frozenset({"backend", "storefront", "optional", "open"})

Scope = Literal[KeyScope, "anyone"]
"""The scope of a request: that of its key, or `anyone` on an open route."""

INTERNAL_SCOPE = "shop.scope"
"""The name of the scope in the ASGI state of an internal request; the prefix avoids the names of a mounting application."""

AuthenticatedRequest = Request[None, Scope, State]
"""A validated request; `auth` is its scope."""

_BEARER_LENGTH = len("Bearer ")


class RateLimit:
    """Allow each key `per_second` requests per second, also as one burst; 0 disables the limit.

    This is the generic cell rate algorithm (GCRA). Each process counts for itself.
    """

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._arrivals: dict[bytes, float] = {}

    def allow(self, key: bytes) -> bool:
        """Return whether a key may send a request now; count only allowed requests."""
        if not self._interval:
            return True
        now = self._clock()
        next_arrival = max(now, self._arrivals.get(key, now)) + self._interval
        # Half an interval of tolerance absorbs rounding.
        if next_arrival > now + 1 + self._interval / 2:
            return False
        self._arrivals[key] = next_arrival
        return True


class Authenticator:
    """Authenticate requests by their API key.

    Without keys, it accepts requests on a loopback address only, and raises ConfigurationError on AWS Lambda.
    """

    def __init__(self, settings: Settings, *, environment: Mapping[str, str] = os.environ) -> None:
        if not settings.keys and "AWS_LAMBDA_FUNCTION_NAME" in environment:
            raise ConfigurationError(NO_KEYS + "a function on AWS Lambda does not start.")
        self.origins = settings.origins
        self._keys = tuple(settings.keys.items())
        self._rate_limit = RateLimit(settings.rate_limit_per_second)

    def authenticate(self, scope: Any) -> Scope:
        """Return the scope of a request; raise RequestRefused if its key is invalid, lacks access or sends too often."""
        if internal_scope := scope["state"].get(INTERNAL_SCOPE):
            # Only code of this process can write to the state, for example the handler of SQS messages.
            return internal_scope
        access = scope["route_handler"].opt.get("access", "backend")
        if access == "open":
            return "anyone"
        if access == "optional" and not get_header(scope, b"authorization"):
            return "anyone" if self._keys or not _is_local(scope) else "backend"
        key, key_scope = self._verify(get_header(scope, b"authorization")) if self._keys else _local_backend(scope)
        if not self._rate_limit.allow(key):
            raise RequestRefused("rate-limited")
        if access == "backend" and key_scope != "backend":
            raise RequestRefused("forbidden")
        return key_scope

    def _verify(self, header: bytes) -> tuple[bytes, KeyScope]:
        """Return the hash and the scope of the key in an Authorization header; compare all keys, in constant time."""
        digest = sha256(header[_BEARER_LENGTH:].strip()).digest()
        key_scope: KeyScope | None = None
        for known_digest, known_scope in self._keys:
            if compare_digest(known_digest, digest):
                key_scope = known_scope
        if key_scope is None or header[:_BEARER_LENGTH].lower() != b"bearer ":
            raise RequestRefused("unauthorized")
        return digest, key_scope


def _is_local(scope: Any) -> bool:
    try:
        _local_backend(scope)
    except (ConfigurationError, RequestRefused):
        return False
    return True


def _local_backend(scope: Any) -> tuple[bytes, KeyScope]:
    """Accept a request without a key if it arrives on a loopback address and names a loopback host or none.

    The host check stops DNS rebinding: a web page can resolve its own host name to a loopback address, but its requests
    name that host. Browsers always name a host.
    """
    address = (scope.get("server") or ("",))[0]
    if not is_loopback(str(address)):
        raise ConfigurationError(NO_KEYS + "requests are accepted only on a loopback address.")
    if (host := get_host(scope)) and not is_loopback(host):
        raise RequestRefused("foreign-host", "Without API_KEYS, the host must be 127.0.0.1, [::1] or localhost.")
    return b"", "backend"
