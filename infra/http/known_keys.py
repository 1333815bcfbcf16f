"""The API keys that a server knows: which of them a header has, and whether it is expired."""

import logging
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from domain.records.api_keys import DAYS_OF_WARNING, ApiKey
from infra.storage.opening import Clock

logger = logging.getLogger(__name__)

_BEARER = b"bearer "


def bearer_of(header: bytes) -> bytes | None:
    """Return the key or token of an Authorization header, None if the header has another scheme."""
    return header[len(_BEARER) :] if header[: len(_BEARER)].lower() == _BEARER else None


class KnownKeys:
    """The keys of a shop; false if it has none."""

    def __init__(self, keys: Sequence[ApiKey], *, clock: Clock) -> None:
        self._keys = tuple((bytes.fromhex(key.key_hash), key) for key in keys)
        self._clock = clock
        self._warned: set[tuple[str, int]] = set()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def find(self, header: bytes) -> tuple[bytes, ApiKey | None]:
        """Return the hash of the key in an Authorization header, and the key itself if it is valid.

        All keys are compared, in constant time.
        """
        digest = sha256(header[len(_BEARER) :].strip()).digest()
        found: ApiKey | None = None
        for known_digest, key in self._keys:
            if compare_digest(known_digest, digest):
                found = key
        if found is None or bearer_of(header) is None or self._is_expired(found):
            return digest, None
        return digest, found

    def with_id(self, key_id: str) -> ApiKey | None:
        """Return the key with an id, None if there is none any more, or if it is expired."""
        key = next((key for _, key in self._keys if key.key_id == key_id), None)
        return None if key is None or self._is_expired(key) else key

    def _is_expired(self, key: ApiKey) -> bool:
        """Return whether a key is expired; warn once per process of an expired key, and once a day before it expires."""
        if (days_left := key.days_left(self._clock()) if key.expires_on else None) is None:
            return False
        is_expired = days_left < 0
        if days_left < DAYS_OF_WARNING and (warning := (key.name, max(days_left, -1))) not in self._warned:
            self._warned.add(warning)
            verb = "expired, and is refused since the end of" if is_expired else "is refused after"
            logger.warning("The API key %s %s %s (UTC).", key.name, verb, key.expires_on)
        return is_expired
