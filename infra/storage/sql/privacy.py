"""Erase all data of a customer, and refuse data that arrives after the erasure."""

from collections.abc import Collection, Mapping

from domain.errors import CustomerNotFound
from domain.ports import Outcome
from domain.records.audit import COMMAND_LINE, THE_APP, Act
from infra.storage.sql import audit
from infra.storage.sql.customer_hashes import existing_key, keyed_hash, make_key
from infra.storage.sql.statements import Steps, executemany, one_or_none, rows

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

REFUSED = Outcome(status="refused", field="customer_id", reason="erased")
"""The outcome of an imported record of an erased customer."""


def announce(customer_id: str) -> Steps[tuple[bytes, str]]:
    """Return the key and the hash of a customer who will be erased; raise CustomerNotFound as `erase` does."""
    if not (yield from rows("SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id", customer_id=customer_id)):
        yield from _check_unfinished(customer_id)
    key = yield from make_key()
    return key, keyed_hash(customer_id, key)


def erase_again(erased: Mapping[bytes, Collection[str]]) -> Steps[int]:
    """Erase the customers of a restored database whose hashes are given, by key; return how many there were.

    The hashes of others keep their ids from coming back, if the database has their key or none.
    """
    for key in erased:
        yield from rows("UPDATE shop_state SET erasure_key = :key WHERE erasure_key IS NULL", key=key)
    own_key = yield from make_key()
    found = yield from rows("SELECT customer_id FROM customer_profiles")
    customer_ids = [name for (name,) in found if any(keyed_hash(name, key) in erased[key] for key in erased)]
    for customer_id in customer_ids:
        yield from erase(customer_id, actor=COMMAND_LINE)
        yield from finish(customer_id)
    yield from executemany(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (?, 1) ON CONFLICT (id_hash) DO NOTHING",
        [(id_hash,) for id_hash in sorted(erased.get(own_key, ()))],
    )
    return len(customer_ids)


def erase(customer_id: str, *, actor: str = THE_APP) -> Steps[None]:
    """Delete all data of a customer, store a keyed hash of the id, and add the entry of the audit.

    Raise CustomerNotFound if the customer does not exist, unless an erasure of this customer is not finished.
    """
    customer = yield from one_or_none(
        "SELECT 1 FROM customer_profiles WHERE customer_id = :customer_id FOR UPDATE", customer_id=customer_id
    )
    if customer is None:
        yield from _check_unfinished(customer_id)
    yield from audit.record(Act(actor=actor, action="erase", customer_id=customer_id))
    if customer is None:
        return
    key = yield from make_key()
    for table in PERSONAL:
        yield from rows(f"DELETE FROM {table} WHERE customer_id = :customer_id", customer_id=customer_id)
    yield from rows(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (:id_hash, 0)", id_hash=keyed_hash(customer_id, key)
    )


def finish(customer_id: str) -> Steps[None]:
    """Record that the files of the database no longer contain data of an erased customer."""
    key = yield from make_key()
    yield from rows(
        "UPDATE erased_customers SET is_finished = 1 WHERE id_hash = :id_hash", id_hash=keyed_hash(customer_id, key)
    )


def find_erased(customer_ids: Collection[str]) -> Steps[frozenset[str]]:
    """Return which of the customers were erased; costs one statement if no customer ever was."""
    key = yield from existing_key()
    if key is None:
        return frozenset()
    hashes = {keyed_hash(customer_id, key): customer_id for customer_id in customer_ids}
    result = yield from rows("SELECT id_hash FROM erased_customers WHERE id_hash IN (:hashes)", hashes=list(hashes))
    return frozenset(hashes[id_hash] for (id_hash,) in result)


def _check_unfinished(customer_id: str) -> Steps[None]:
    key = yield from existing_key()
    if key is None or not (
        yield from rows(
            "SELECT 1 FROM erased_customers WHERE id_hash = :id_hash AND is_finished = 0",
            id_hash=keyed_hash(customer_id, key),
        )
    ):
        raise CustomerNotFound(customer_id)
