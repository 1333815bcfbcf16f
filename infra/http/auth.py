"""Authentication by API key: which endpoints a request may use, and how many requests per second a key may send.

Every route declares its access as an option, for example `opt=BACKEND`; `create_app` rejects a route without one.
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Literal

from litestar import Request
from litestar.datastructures import State

from domain.errors import ConfigurationError
from infra.http.addresses import client_address
from infra.http.headers import get_header
from infra.http.host import INTERNAL_SCOPE, get_host
from infra.http.problems import RequestRefused
from infra.http.rate_limit import Arrivals, RateLimit, shared_path
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

AuthenticatedRequest = Request[None, Scope, State]
"""A validated request; `auth` is its scope."""

_BEARER_LENGTH = len("Bearer ")


class Authenticator:
    """Authenticate requests by their API key.

    Without keys, it accepts requests on a loopback address only, and raises ConfigurationError on AWS Lambda.
    """

    def __init__(self, settings: Settings, *, environment: Mapping[str, str] = os.environ) -> None:
        if not settings.keys and "AWS_LAMBDA_FUNCTION_NAME" in environment:
            raise ConfigurationError(NO_KEYS + "a function on AWS Lambda does not start.")
        self.origins = settings.origins
        self._keys = tuple(settings.keys.items())
        self._proxies = settings.proxies
        path = None if settings.is_postgres else settings.database_path
        arrivals = Arrivals(shared_path(settings.database_url, path, settings.api_keys) if self._keys else None)
        self._rate_limit = RateLimit(settings.rate_limit_per_second, arrivals=arrivals)
        self._stranger_limit = RateLimit(settings.strangers_per_second, arrivals=arrivals)

    def authenticate(self, scope: Any) -> Scope:
        """Return the scope of a request; raise RequestRefused if its key is invalid, lacks access or sends too often."""
        if internal_scope := scope["state"].get(INTERNAL_SCOPE):
            # Only code of this process can write to the state, for example the handler of SQS messages.
            return internal_scope
        access = scope["route_handler"].opt.get("access", "backend")
        if access == "open":
            return "anyone"
        if access == "optional" and not get_header(scope, b"authorization"):
            self.count_stranger(scope)
            return "anyone" if self._keys or not _is_local(scope) else "backend"
        key, key_scope = self._verify(get_header(scope, b"authorization")) if self._keys else _local_backend(scope)
        if not self._rate_limit.allow(key):
            raise RequestRefused("rate-limited")
        if access == "backend" and key_scope != "backend":
            raise RequestRefused("forbidden")
        return key_scope

    def count_stranger(self, scope: Any) -> None:
        """Count a request without a valid key; raise RequestRefused if its address sends too many of them.

        With a valid key no address is limited: the servers of a shop send the requests of all its customers. Without
        `API_KEYS` there are no strangers.
        """
        if not self._keys or self._scope_of(get_header(scope, b"authorization"))[1]:
            return
        if not self._stranger_limit.allow(client_address(scope, self._proxies).encode()):
            raise RequestRefused("rate-limited")

    def _verify(self, header: bytes) -> tuple[bytes, KeyScope]:
        """Return the hash and the scope of the key in an Authorization header; raise RequestRefused for any other header."""
        digest, key_scope = self._scope_of(header)
        if key_scope is None:
            raise RequestRefused("unauthorized")
        return digest, key_scope

    def _scope_of(self, header: bytes) -> tuple[bytes, KeyScope | None]:
        """Return the hash of the key in an Authorization header, and its scope if it is known.

        All keys are compared, in constant time.
        """
        digest = sha256(header[_BEARER_LENGTH:].strip()).digest()
        key_scope: KeyScope | None = None
        for known_digest, known_scope in self._keys:
            if compare_digest(known_digest, digest):
                key_scope = known_scope
        return digest, key_scope if header[:_BEARER_LENGTH].lower() == b"bearer " else None


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
