"""Delete most events of a customer who has many, in several transactions before the one that erases the customer."""

from infra.storage.sql import stored_lists
from infra.storage.sql.customers import raise_versions
from infra.storage.sql.events import PURGED, delete_some
from infra.storage.sql.statements import Steps, one

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
    yield from raise_versions([customer_id])
    yield from stored_lists.forget([customer_id])
    yield from delete_some("customer_id = :customer_id", n=MAX_ROWS_PER_TRANSACTION, customer_id=customer_id)
