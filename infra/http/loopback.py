"""Without keys, only requests of the same machine are accepted."""

from typing import Any

from domain.errors import ConfigurationError
from infra.http.host import get_host
from infra.http.problems import RequestRefused
from infra.keys import NO_KEYS
from infra.settings import is_loopback


def check_loopback(scope: Any) -> None:
    """Raise unless a request arrives on a loopback address and names a loopback host or none.

    The host check stops DNS rebinding: a web page can resolve its own host name to a loopback address, but its requests
    name that host. Browsers always name a host.
    """
    address = (scope.get("server") or ("",))[0]
    if not is_loopback(str(address)):
        raise ConfigurationError(NO_KEYS + "requests are accepted only on a loopback address.")
    if (host := get_host(scope)) and not is_loopback(host):
        raise RequestRefused("foreign-host", "Without API_KEYS, the host must be 127.0.0.1, [::1] or localhost.")
