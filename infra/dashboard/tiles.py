"""The picture of a product, or the tile that stands in for it: colour is the category, shape the product."""

import re
from typing import Protocol
from urllib.parse import urlsplit
from zlib import crc32

from msgspec import Struct

N_HUES = 12
N_SHAPES = 4
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")


class Shown(Protocol):
    """What a tile needs of a product."""

    @property
    def product_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def image_url(self) -> str | None: ...


class Tile(Struct, frozen=True, kw_only=True):
    picture: str | None
    hue: int
    shape: int
    initials: str


def tile_of(product: Shown, picture_hosts: tuple[str, ...]) -> Tile:
    """Return the tile of a product; its picture only if the content security policy lets browsers load it."""
    words = [word for word in re.split(r"[^\w]+", product.name) if word and not word[0].isdigit()]
    return Tile(
        picture=_picture(product.image_url, picture_hosts),
        hue=crc32((product.category or "").encode()) % N_HUES,
        shape=crc32(product.product_id.encode()) % N_SHAPES,
        initials="".join(word[0] for word in words[-2:]).upper(),
    )


def _picture(url: str | None, hosts: tuple[str, ...]) -> str | None:
    if url is None or _LOCAL_PATH.fullmatch(url):
        return url
    address = web_address(url)
    if address is None or not address.startswith("https://"):
        return None
    host = urlsplit(address).netloc.lower()
    is_known = any(host == known or (known[:2] == "*." and host.endswith(known[1:])) for known in hosts)
    return address if is_known else None


def web_address(url: str | None) -> str | None:
    """Return a URL if it is one of HTTP or HTTPS with a host and nothing that may run in a page, else None."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc and "@" not in parts.netloc else None
