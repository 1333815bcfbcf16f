"""Ids of answers: each says which list it names, and is signed, so that serving a list stores nothing."""

import base64
import hashlib
from hmac import compare_digest

import msgspec
from msgspec import Struct

from domain.records.recommendations import Kind

_SIGNATURE_BYTES = 12
_encode = msgspec.msgpack.Encoder().encode


class Origin(Struct, frozen=True, kw_only=True, array_like=True):
    """What an id says about its answer: no personal data.

    `at` is in seconds since 1970; `nonce` has 64 random bits, so that two answers never have one id. `arm` is the arm of an
    experiment.
    """

    kind: Kind
    model_id: str
    at: int
    nonce: bytes
    placement: str | None = None
    arm: str | None = None


_decode = msgspec.msgpack.Decoder(Origin).decode


def recommendation_id(origin: Origin, *, key: bytes) -> str:
    """Return the id of an answer: URL-safe base64 of a signature with `key` and of the content."""
    content = _encode(origin)
    return base64.urlsafe_b64encode(_signature(content, key) + content).rstrip(b"=").decode()


def origin_of(identifier: str, *, key: bytes) -> Origin | None:
    """Return what an id says, None if it was not signed with `key`, or says what this release cannot read."""
    try:
        packed = base64.b64decode(identifier + "=" * (-len(identifier) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    signature, content = packed[:_SIGNATURE_BYTES], packed[_SIGNATURE_BYTES:]
    if not compare_digest(signature, _signature(content, key)):
        return None
    try:
        return _decode(content)
    except (msgspec.MsgspecError, ValueError):
        return None


def _signature(content: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(content, key=key, digest_size=_SIGNATURE_BYTES).digest()
