"""Transactions without a connection: generators that yield statements and receive their rows.

The same transaction runs on SQLite, in the thread of a connection, and on PostgreSQL, where each statement is awaited.
"""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")
Row = tuple[Any, ...]


class Statement(Struct, frozen=True):
    """One statement in the SQL that both databases understand.

    `:name` is a parameter, and `IN (:name)` takes a list. With a `batch`, the statement has `?` instead and runs once per
    row. `FOR UPDATE` at the end locks rows on a database with several writers. With `is_new`, the batch inserts rows whose
    keys no other row has; where another transaction was first, the database raises ConcurrentWrite.
    """

    text: str
    parameters: dict[str, Any] = {}
    batch: Sequence[Row] | None = None
    is_new: bool = False


class ConcurrentWrite(Exception):
    """Another transaction changed what this one had read; run this one again."""


Steps = Generator[Statement, Sequence[Row], T]


def rows(text: str, **parameters: Any) -> Steps[Sequence[Row]]:
    """Run a statement and return its rows."""
    return (yield Statement(text, parameters))


def one_or_none(text: str, **parameters: Any) -> Steps[Row | None]:
    """Run a statement and return its first row, or None if it has no rows."""
    result = yield Statement(text, parameters)
    return result[0] if result else None


def one(text: str, **parameters: Any) -> Steps[Row]:
    """Run a statement that has at least one row, and return the first."""
    result = yield Statement(text, parameters)
    return result[0]


def executemany(text: str, batch: Sequence[Row]) -> Steps[None]:
    """Run a statement once per row of `batch`."""
    if batch:
        yield Statement(text, batch=batch)


def insert_new(text: str, batch: Sequence[Row]) -> Steps[None]:
    """Insert rows that were not there when this transaction looked, with a statement that ends in `VALUES (?, ...)`.

    A statement must not fail on a unique key, because PostgreSQL writes the key, such as an e-mail address, to its log.
    """
    if batch:
        yield Statement(text, batch=batch, is_new=True)
