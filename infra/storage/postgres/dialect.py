"""Run shared SQL on PostgreSQL: numbered parameters, lists as arrays, and the type names of PostgreSQL."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from infra.storage.sql.statements import Row, Statement, Steps

T = TypeVar("T")

_SCHEMA_REPLACEMENTS = {
    r"\bINTEGER\b": "BIGINT",
    r"\bREAL\b": "DOUBLE PRECISION",
    r"\bBLOB\b": "BYTEA",
    r"\bTEXT\b": 'TEXT COLLATE "C"',  # compares bytes, as SQLite does
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
    text, names = translated(statement.text)
    if statement.batch is not None:
        await connection.executemany(text, statement.batch)
        return []
    # The records of asyncpg are read like tuples.
    records: Any = await connection.fetch(text, *[statement.parameters[name] for name in names])
    return records


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

    text = re.sub(r"\b(?P<not>NOT )?IN \(:(?P<list>\w+)\)|:(?P<name>\w+)|\?", numbered, text)
    return text, tuple(names)


def translated_schema(script: str) -> str:
    """Return a migration with the type names of PostgreSQL and without the options that only SQLite has."""
    for pattern, replacement in _SCHEMA_REPLACEMENTS.items():
        script = re.sub(pattern, replacement, script)
    return script
