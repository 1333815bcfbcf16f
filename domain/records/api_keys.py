"""API keys as the settings name them: their hash, scope, name and expiry."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from msgspec import Struct

KeyScope = Literal["backend", "storefront", "viewer"]
"""`backend` keys may use every endpoint; `storefront` keys only recommendations and browsing events. `viewer`
keys look at the dashboard and at reports, both without personal data."""

DAYS_OF_WARNING = 14


class ApiKey(Struct, frozen=True, kw_only=True):
    """A key: `key_hash` is its SHA-256 in hexadecimal digits, `expires_on` the last day (UTC) on which it is accepted."""

    key_hash: str
    scope: KeyScope
    name: str
    expires_on: date | None = None

    @property
    def key_id(self) -> str:
        """Return the part of the hash that identifies the key in storage, where its name may change."""
        return self.key_hash[:16]

    def days_left(self, now: datetime) -> int | None:
        """Return how many days the key is accepted after today, less than 0 once it is expired; None if it never expires."""
        return None if self.expires_on is None else (self.expires_on - now.astimezone(UTC).date()) // timedelta(days=1)


def default_name(scope: KeyScope, key_hash: str) -> str:
    """Return the name of a key that has none; it stays the same when other keys are added or removed."""
    return f"{scope}-{key_hash[:8]}"
