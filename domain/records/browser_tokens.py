"""Tokens for browsers: signed and self-describing, so that none is stored, each for one customer until it expires."""

import base64
import hmac
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from domain.records.values import CustomerId

MIN_TTL_SECONDS = 60
MAX_TTL_SECONDS = 86_400

TOKEN_PREFIX = b"browser."
"""Begins every token; keys that `new-key` makes contain no dot."""

_CONTEXT = b"shop-recommendations: browser tokens, 1"
"""What the derived key is for: the key of the shop also signs ids of answers."""

_encode = msgspec.msgpack.Encoder().encode


class TokenRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for a token; with `guest`, the id may be of a guest, or of nobody yet, and of no customer."""

    customer_id: CustomerId
    guest: bool = False
    ttl_seconds: Annotated[int, Meta(ge=MIN_TTL_SECONDS, le=MAX_TTL_SECONDS)] = 3600


class IssuedToken(Struct, frozen=True, kw_only=True):
    """A token and what a page needs beside it."""

    token: str
    expires_at: datetime
    customer_id: str


class BrowserToken(Struct, frozen=True, kw_only=True, array_like=True):
    """What a token says; `expires_at` is in seconds since 1970, and a guest's token may register the guest."""

    customer_id: str
    is_guest: bool
    expires_at: int


_decode = msgspec.msgpack.Decoder(BrowserToken).decode


def sign_token(token: BrowserToken, *, key: bytes) -> str:
    """Return a token as text: `browser.CONTENT.SIGNATURE`, both in URL-safe base64, signed with HMAC-SHA256.

    `key` is the signing key of the shop, from which the key of tokens is derived.
    """
    signed = TOKEN_PREFIX + _base64(_encode(token))
    return (signed + b"." + _signature(signed, key)).decode()


def verified_token(text: bytes, *, key: bytes, now: datetime) -> BrowserToken | None:
    """Return what a token says, or None if it was not signed with `key` or is expired.

    The signature covers the text, so no other text is the same token.
    """
    signed, _, signature = text.rpartition(b".")
    if not hmac.compare_digest(signature, _signature(signed, key)):
        return None
    content = signed.removeprefix(TOKEN_PREFIX)
    token = _decode(base64.urlsafe_b64decode(content + b"=" * (-len(content) % 4)))
    return token if now.timestamp() < token.expires_at else None


def _signature(signed: bytes, key: bytes) -> bytes:
    return _base64(hmac.digest(hmac.digest(key, _CONTEXT, "sha256"), signed, "sha256"))


def _base64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
