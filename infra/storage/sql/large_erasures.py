"""Delete most events of a customer who has many, in several transactions before the one that erases the customer."""

from infra.storage.sql import stored_lists
from infra.storage.sql.events import PURGED
from infra.storage.sql.statements import Steps, one, rows

MAX_ROWS_PER_TRANSACTION = 1000
"""Others wait for about 10 ms then, and databases that limit the rows of a transaction accept it."""


def has_many_events(customer_id: str) -> Steps[bool]:
    """Return whether a customer has more events than one transaction should delete."""
    counts = " + ".join(
        f"(SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE customer_id = :customer_id LIMIT :n) found)" for table in PURGED
    )
    (n,) = yield from one(f"SELECT {counts}", customer_id=customer_id, n=MAX_ROWS_PER_TRANSACTION + 1)
    return n > MAX_ROWS_PER_TRANSACTION


def delete_some_events(customer_id: str) -> Steps[None]:
    """Delete events and what is derived from them. Until all are gone, requests find the customer with what is left."""
    yield from rows("UPDATE customer_profiles SET version = version + 1 WHERE customer_id = :id", id=customer_id)
    yield from stored_lists.forget([customer_id])
    n_left = MAX_ROWS_PER_TRANSACTION
    for table, key in PURGED.items():
        deleted = yield from rows(
            f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE customer_id = :customer_id LIMIT :n)"
            " RETURNING 1",
            customer_id=customer_id,
            n=n_left,
        )
        n_left -= len(deleted)
        if n_left == 0:
            break
