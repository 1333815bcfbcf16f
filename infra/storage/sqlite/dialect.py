"""Run shared SQL on SQLite: lists are passed as JSON, and row locks are removed because only one writer works at a time."""

import json
import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from infra.storage.sql.statements import Row, Statement, Steps

T = TypeVar("T")


def run(connection: sqlite3.Connection, steps: Steps[T]) -> T:
    """Run the steps of a transaction in the thread of the connection, and return their result."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(execute(connection, statement))
    except StopIteration as stop:
        return stop.value


def execute(connection: sqlite3.Connection, statement: Statement) -> Sequence[Row]:
    if statement.batch is not None:
        connection.executemany(statement.text, statement.batch)
        return []
    parameters = {
        name: json.dumps(value) if isinstance(value, list) else value for name, value in statement.parameters.items()
    }
    return connection.execute(_translated(statement.text), parameters).fetchall()


@lru_cache(maxsize=256)
def _translated(text: str) -> str:
    text = re.sub(r"\bIN \((:\w+)\)", r"IN (SELECT value FROM json_each(\1))", text)
    return re.sub(r" FOR (?:UPDATE|KEY SHARE)(?: OF \w+)?(?= ON CONFLICT|$)", "", text)
