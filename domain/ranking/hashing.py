"""Text as numbers that are the same in every process."""

import hashlib
from functools import lru_cache


@lru_cache(maxsize=65_536)
def hashed(text: str) -> int:
    """Hash text to 64 bits; nothing to 0."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) if text else 0
