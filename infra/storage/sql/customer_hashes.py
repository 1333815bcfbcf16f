"""Keyed hashes of the ids of customers: for who was erased, and for the audit. The key is a secret of the shop."""

import hashlib
import secrets

from infra.storage.sql.statements import Steps, one, rows

AUDIT = b"audit"
"""Separates the hashes of the audit from those of erased customers: nobody can join the two without the key."""


def existing_key() -> Steps[bytes | None]:
    return (yield from one("SELECT erasure_key FROM shop_state"))[0]


def make_key() -> Steps[bytes]:
    """Return the key of the hashes, which is made once per shop."""
    key = yield from existing_key()
    if key is None:
        yield from rows("UPDATE shop_state SET erasure_key = :new WHERE erasure_key IS NULL", new=secrets.token_bytes(32))
        key = (yield from one("SELECT erasure_key FROM shop_state"))[0]
    return key


def keyed_hash(customer_id: str, key: bytes, *, purpose: bytes = b"") -> str:
    return hashlib.blake2b(customer_id.encode(), key=key, person=purpose, digest_size=32).hexdigest()
