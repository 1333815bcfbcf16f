"""Erase all data of a customer, and refuse data that arrives after the erasure."""

import hashlib
import secrets
from collections.abc import Collection, Mapping

from domain.errors import CustomerNotFound
from domain.ports import Outcome
from infra.storage.sql import events, stored_lists
from infra.storage.sql.statements import Steps, executemany, one, one_or_none, rows

PERSONAL = (
    "customer_recommendations",
    "customer_histories",
    "browsing_history",
    "purchase_history",
    "order_amendments",
    "order_returns",
    "import_changes",
    "customer_addresses",
    "customer_segments",
    "customer_profiles",
)
"""The tables with personal data, all by `customer_id`; the other tables refer to the last."""

MAX_ROWS_PER_TRANSACTION = 1000
"""Others wait for a transaction of about 10 ms then, and databases that limit the rows of a transaction accept it."""

REFUSED = Outcome(status="refused", field="customer_id", reason="erased")
"""The outcome of an imported record of an erased customer."""


def announce(customer_id: str) -> Steps[tuple[bytes, str]]:
    """Return the key and the hash of a customer who will be erased; raise CustomerNotFound as `erase` does."""
    if not (yield from rows("SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id", customer_id=customer_id)):
        yield from _check_unfinished(customer_id)
    key = yield from _key()
    return key, _hash(customer_id, key)


def erase_again(erased: Mapping[bytes, Collection[str]]) -> Steps[int]:
    """Erase the customers of a restored database whose hashes are given, by key; return how many there were.

    The hashes of others keep their ids from coming back, if the database has their key or none.
    """
    for key in erased:
        yield from rows("UPDATE shop_state SET erasure_key = :key WHERE erasure_key IS NULL", key=key)
    own_key = yield from _key()
    found = yield from rows("SELECT customer_id FROM customer_profiles")
    customer_ids = [name for (name,) in found if any(_hash(name, key) in erased[key] for key in erased)]
    for customer_id in customer_ids:
        while not (yield from erase(customer_id)):
            pass
        yield from finish(customer_id)
    yield from executemany(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (?, 1) ON CONFLICT (id_hash) DO NOTHING",
        [(id_hash,) for id_hash in sorted(erased.get(own_key, ()))],
    )
    return len(customer_ids)


def erase(customer_id: str) -> Steps[bool]:
    """Delete all data of a customer and store a keyed hash of the id; return whether that is done.

    Of a customer with more events than one transaction deletes, only some go: call it again. The last call deletes the rest,
    and events that were recorded in between. It may be repeated after `announce`.
    """
    customer = yield from one_or_none(
        "SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE", customer_id=customer_id
    )
    if customer is None:
        return True
    key = yield from _key()
    is_done = yield from _delete_events(customer_id)
    if is_done:
        for table in PERSONAL:
            yield from rows(f"DELETE FROM {table} WHERE customer_id = :customer_id", customer_id=customer_id)
    else:
        yield from stored_lists.forget([customer_id])
        yield from rows("UPDATE customer_profiles SET version = version + 1 WHERE customer_id = :id", id=customer_id)
    yield from rows(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (:id_hash, 0) ON CONFLICT (id_hash) DO NOTHING",
        id_hash=_hash(customer_id, key),
    )
    return is_done


def _delete_events(customer_id: str) -> Steps[bool]:
    """Delete as many rows as a transaction may; return whether it could have deleted more."""
    n_left = MAX_ROWS_PER_TRANSACTION
    for table, key in events.PURGED.items():
        deleted = yield from rows(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE customer_id = :customer_id LIMIT :n)"
            " RETURNING 1",
            customer_id=customer_id,
            n=n_left,
        )
        n_left -= len(deleted)
        if n_left == 0:
            return False
    return True


def finish(customer_id: str) -> Steps[None]:
    """Record that the files of the database no longer contain data of an erased customer."""
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    yield from rows("UPDATE erased_customers SET is_finished = 1 WHERE id_hash = :id_hash", id_hash=_hash(customer_id, key))


def find_erased(customer_ids: Collection[str]) -> Steps[frozenset[str]]:
    """Return which of the customers were erased; costs one statement if no customer ever was."""
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    if key is None:
        return frozenset()
    hashes = {_hash(customer_id, key): customer_id for customer_id in customer_ids}
    result = yield from rows("SELECT id_hash FROM erased_customers WHERE id_hash IN (:hashes)", hashes=list(hashes))
    return frozenset(hashes[id_hash] for (id_hash,) in result)


def _key() -> Steps[bytes]:
    """Return the key of the hashes, which is made once per shop."""
    yield from rows("UPDATE shop_state SET erasure_key = :new WHERE erasure_key IS NULL", new=secrets.token_bytes(32))
    return (yield from one("SELECT erasure_key FROM shop_state"))[0]


def _check_unfinished(customer_id: str) -> Steps[None]:
    (key,) = yield from one("SELECT erasure_key FROM shop_state")
    if key is None or not (
        yield from rows(
            "SELECT 1 FROM erased_customers WHERE id_hash = :id_hash AND is_finished = 0", id_hash=_hash(customer_id, key)
        )
    ):
        raise CustomerNotFound(customer_id)


def _hash(customer_id: str, key: bytes) -> str:
    return hashlib.blake2b(customer_id.encode(), key=key, digest_size=32).hexdigest()
