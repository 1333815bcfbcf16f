"""Transactions without a connection: generators that yield statements and are sent their rows.

So that one text serves SQLite, whose transactions run in a thread, and PostgreSQL, whose statements are awaited.
"""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")
Row = tuple[Any, ...]


class Statement(Struct, frozen=True):
    """One statement in the SQL that both databases understand.

    `:name` stands for a parameter, `IN (:name)` for a list of them. With a `batch`, the statement runs once for each of its
    rows, whose values take the places of `?`. A last `FOR UPDATE` locks rows where several writers work at once.
    """

    text: str
    parameters: dict[str, Any] = {}
    batch: Sequence[Row] | None = None


class WrittenMeanwhile(Exception):
    """What a transaction rests on was changed after it looked: run it anew."""


Steps = Generator[Statement, Sequence[Row], T]


def rows(text: str, **parameters: Any) -> Steps[Sequence[Row]]:
    """Run a statement and return its rows."""
    return (yield Statement(text, parameters))


def one_or_none(text: str, **parameters: Any) -> Steps[Row | None]:
    """Run a statement and return its first row, None if there is none."""
    found = yield Statement(text, parameters)
    return found[0] if found else None


def one(text: str, **parameters: Any) -> Steps[Row]:
    """Run a statement that always has a row, and return it."""
    found = yield Statement(text, parameters)
    return found[0]


def executemany(text: str, batch: Sequence[Row]) -> Steps[None]:
    """Run a statement once for each row of `batch`."""
    if batch:
        yield Statement(text, batch=batch)
