"""Erase all data of a customer, and refuse data that arrives after the erasure."""

from collections.abc import Collection, Mapping

from msgspec import Struct

from domain.errors import CustomerNotFound
from domain.ports.ingest import Outcome
from domain.records.audit import COMMAND_LINE, THE_APP, Act
from infra.storage.sql import audit, merged_guests
from infra.storage.sql.customer_hashes import existing_key, keyed_hash, make_key
from infra.storage.sql.statements import Steps, executemany, rows

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
    "merged_guests",
    "customer_profiles",
)
"""The tables with personal data, all by `customer_id`; the other tables refer to the last."""

REFUSED = Outcome(status="refused", field="customer_id", reason="erased")
"""The outcome of an imported record of an erased customer."""

MERGED = Outcome(status="refused", field="customer_id", reason="Merged into another customer")
"""The outcome of an imported profile of a merged guest: it must not change that of the customer."""


class Announced(Struct, frozen=True, kw_only=True):
    """Who will be erased: a customer and the guests who were merged into it, by their ids and the keyed hashes of these."""

    key: bytes
    hashes: dict[str, str]

    @property
    def customer_id(self) -> str:
        """Return the id of the customer for whom all others stand."""
        return next(iter(self.hashes))


def announce(customer_id: str) -> Steps[Announced]:
    """Return who will be erased with a customer; raise CustomerNotFound as `erase` does."""
    names = yield from _erased_together(customer_id)
    if not names:
        yield from _check_unfinished(customer_id)
    key = yield from make_key()
    return Announced(key=key, hashes={name: keyed_hash(name, key) for name in names or [customer_id]})


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
        names = yield from _erased_together(customer_id)
        yield from erase(customer_id, actor=COMMAND_LINE)
        yield from finish(names)
    yield from executemany(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (?, 1) ON CONFLICT (id_hash) DO NOTHING",
        [(id_hash,) for id_hash in sorted(erased.get(own_key, ()))],
    )
    return len(customer_ids)


def erase(customer_id: str, announced: Announced | None = None, *, actor: str = THE_APP) -> Steps[bool]:
    """Delete all data of a customer, store keyed hashes of the ids, and add the entry of the audit.

    A merged guest is erased with its customer, whom the entry names.

    Return False, without any change, if others than those `announced` are to be erased. Raise CustomerNotFound if the
    customer does not exist, unless an erasure of this customer is not finished.
    """
    names = yield from _erased_together(customer_id, lock=True)
    if not names:
        yield from _check_unfinished(customer_id)
    if announced is not None and set(names) - announced.hashes.keys():
        return False
    yield from audit.record(Act(actor=actor, action="erase", customer_id=names[0] if names else customer_id))
    if not names:
        return True
    key = yield from make_key()
    for table in PERSONAL:
        yield from rows(f"DELETE FROM {table} WHERE customer_id = :customer_id", customer_id=names[0])
    yield from executemany(
        "INSERT INTO erased_customers (id_hash, is_finished) VALUES (?, 0)", [(keyed_hash(name, key),) for name in names]
    )
    return True


def finish(customer_ids: Collection[str]) -> Steps[None]:
    """Record that the files of the database no longer contain data of erased customers."""
    key = yield from make_key()
    yield from rows(
        "UPDATE erased_customers SET is_finished = 1 WHERE id_hash IN (:hashes)",
        hashes=[keyed_hash(customer_id, key) for customer_id in customer_ids],
    )


def _erased_together(customer_id: str, *, lock: bool = False) -> Steps[list[str]]:
    """Return the id of the customer whom an id names and of the guests merged into it, an empty list if there is none."""
    statement = "SELECT customer_id FROM customer_profiles WHERE customer_id = :customer_id" + " FOR UPDATE" * lock
    try:
        (name,) = yield from merged_guests.row_of(statement, customer_id)
    except CustomerNotFound:
        return []
    return [name, *(merged.guest_id for merged in (yield from merged_guests.of_customer(name)))]


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
