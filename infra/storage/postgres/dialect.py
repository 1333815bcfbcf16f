"""Run shared SQL on PostgreSQL: numbered parameters, lists as arrays, and the type names of PostgreSQL."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from infra.storage.sql.statements import ConcurrentWrite, Row, Statement, Steps

T = TypeVar("T")

ROWS_PER_INSERT = 100

_SCHEMA_REPLACEMENTS = {
    r"\bINTEGER\b": "BIGINT",
    r"\bREAL\b": "DOUBLE PRECISION",
    r"\bBLOB\b": "BYTEA",
    r"\bTEXT\b": 'TEXT COLLATE "C"',  # compares bytes, as SQLite does
    r"\brandomblob\(32\)": "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())",
    r"\) STRICT(?:, WITHOUT ROWID)?;": ");",
    r" REFERENCES \w+ \(\w+\)": "",  # distributed engines lack or discourage foreign keys, so the code does not rely on them
}


async def run(connection: Any, steps: Steps[T]) -> T:
    """Run the steps of a transaction on a connection, and return their result."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await execute(connection, statement))
    except StopIteration as stop:
        return stop.value


async def execute(connection: Any, statement: Statement) -> Sequence[Row]:
    if statement.batch is not None and statement.is_new:
        await _insert_new(connection, statement.text, statement.batch)
        return []
    text, names = translated(statement.text)
    if statement.batch is not None:
        await connection.executemany(text, statement.batch)
        return []
    # The records of asyncpg are read like tuples.
    records: Any = await connection.fetch(text, *[statement.parameters[name] for name in names])
    return records


async def _insert_new(connection: Any, text: str, batch: Sequence[Row]) -> None:
    """Insert rows; raise ConcurrentWrite if another transaction has one of their keys."""
    for start in range(0, len(batch), ROWS_PER_INSERT):
        rows = batch[start : start + ROWS_PER_INSERT]
        insert, _ = translated(_with_rows(text, len(rows)))
        inserted = await connection.fetch(insert, *[value for row in rows for value in row])
        if len(inserted) < len(rows):
            raise ConcurrentWrite


def _with_rows(text: str, n_rows: int) -> str:
    head, values = text.split(" VALUES ")
    return f"{head} VALUES {', '.join([values] * n_rows)} ON CONFLICT DO NOTHING RETURNING 1"


@lru_cache(maxsize=256)
def translated(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a statement with numbered parameters, and the names of the parameters in that order."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match[0] == "?":
            names.append("")
            return f"${len(names)}"
        name = match["list"] or match["name"]
        if name not in names:
            names.append(name)
        parameter = f"${names.index(name) + 1}"
        if match["list"]:
            return f"<> ALL({parameter})" if match["not"] else f"= ANY({parameter})"
        return parameter

    text = text.replace("instr(", "strpos(")
    text = re.sub(r"\b(?P<not>NOT )?IN \(:(?P<list>\w+)\)|:(?P<name>\w+)|\?", numbered, text)
    return text, tuple(names)


def translated_schema(script: str) -> str:
    """Return a migration with the type names of PostgreSQL and without the options that only SQLite has."""
    for pattern, replacement in _SCHEMA_REPLACEMENTS.items():
        script = re.sub(pattern, replacement, script)
    return script
