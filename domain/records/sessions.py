"""Sessions of the dashboard: a browser in which somebody signed in with an API key."""

from datetime import datetime, timedelta
from hashlib import sha256

from msgspec import Struct

SESSION_LENGTH = timedelta(hours=12)


class DashboardSession(Struct, frozen=True, kw_only=True):
    """A session; `session_hash` is the SHA-256 of its secret in hexadecimal digits.

    `key_id` is that of the key it was opened with, or `local` where the shop has no keys. `notice` is a message that the
    next page shows once.
    """

    session_hash: str
    key_id: str
    ends_at: datetime
    notice: str | None = None


def hash_of_secret(secret: bytes) -> str:
    """Return the `session_hash` of a secret; 256 random bits need no salt and no slow hash."""
    return sha256(secret).hexdigest()
