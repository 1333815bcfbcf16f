"""API keys of the shop's own servers."""

import secrets
from datetime import date
from hashlib import sha256
from typing import Any

from domain.records.api_keys import ApiKey, default_name

NO_KEYS = "API_KEYS is not set; create a key with `python main.py new-key backend`. Without keys "
"""The first part of each message about missing keys; the caller adds the restriction."""


def new_key() -> str:
    """Return a new key of 256 random bits, in URL-safe base64."""
    return secrets.token_urlsafe(32)


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key as in `API_KEYS`; 256 random bits need no salt and no slow hash."""
    return sha256(key.encode()).hexdigest()


def parse_entry(entry: str) -> ApiKey:
    """Return the key of an entry of `API_KEYS`, `SCOPE:HASH[:NAME[:YYYY-MM-DD]]`; raise ValueError if it is no date."""
    parts: Any = entry.split(":")
    scope, key_hash, *rest = parts
    return ApiKey(
        key_hash=key_hash,
        scope=scope,
        name=rest[0] if rest else default_name(scope, key_hash),
        expires_on=date.fromisoformat(rest[1]) if rest[1:] else None,
    )


def entry_of(key: ApiKey) -> str:
    """Return a key as the shortest entry of `API_KEYS`."""
    entry = f"{key.scope}:{key.key_hash}"
    if key.expires_on is not None:
        return f"{entry}:{key.name}:{key.expires_on}"
    return entry if key.name == default_name(key.scope, key.key_hash) else f"{entry}:{key.name}"
