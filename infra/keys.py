"""API keys of the shop's own servers."""

import secrets
from hashlib import sha256
from typing import Literal

KeyScope = Literal["backend", "storefront"]
"""`backend` keys may use every endpoint; `storefront` keys only recommendations and browsing events."""

NO_KEYS = "API_KEYS is not set; create a key with `python main.py new-key backend`. Without keys "
"""The first part of each message about missing keys; the caller adds the restriction."""


def new_key() -> str:
    """Return a new key of 256 random bits, in URL-safe base64."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key as in `API_KEYS`; 256 random bits need no salt and no slow hash."""
    return sha256(key.encode()).hexdigest()
