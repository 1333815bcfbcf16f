"""The address of the client that sent a request."""

import ipaddress
from collections.abc import Collection
from typing import Any

from infra.http.headers import get_header

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_IPV6_SUBNET = 64
"""One client has at least this many leading bits to itself."""


def client_address(scope: Any, proxies: Collection[Network]) -> str:
    """Return the address of the connection, or what a proxy of `proxies` forwards.

    An IPv6 address is returned as its network of 64 bits.

    `X-Forwarded-For` is read from the right: each proxy adds the address that it saw, and everything before the first one
    that is no proxy is the client's own claim.
    """
    connected = (scope.get("client") or ("",))[0]
    address = _parsed(connected)
    if address is None:
        return connected
    forwarded = get_header(scope, b"x-forwarded-for").decode("latin-1").split(",")
    while _is_proxy(address, proxies) and forwarded:
        claimed = _parsed(forwarded.pop().strip())
        if claimed is None:
            break
        address = claimed
    return _client(address)


def is_https(scope: Any, proxies: Collection[Network]) -> bool:
    """Return whether a request came by HTTPS, to this server or to a proxy of `proxies` before it."""
    address = _parsed((scope.get("client") or ("",))[0])
    forwarded = get_header(scope, b"x-forwarded-proto").rpartition(b",")[2].strip()
    if forwarded and address is not None and _is_proxy(address, proxies):
        return forwarded == b"https"
    return scope["scheme"] == "https"


def _parsed(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_proxy(address: _Address, proxies: Collection[Network]) -> bool:
    return any(address in network for network in proxies)


def _client(address: _Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, _IPV6_SUBNET), strict=False))
