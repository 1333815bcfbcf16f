"""How PostgreSQL takes a statement: numbered parameters, lists as arrays, its own names of types."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from infra.storage.sql.statements import Row, Statement, Steps

T = TypeVar("T")

_TYPES = {
    r"\bINTEGER\b": "BIGINT",
    r"\bREAL\b": "DOUBLE PRECISION",
    r"\bBLOB\b": "BYTEA",
    r"\bTEXT\b": 'TEXT COLLATE "C"',  # compares bytes, as SQLite does
    r"\) STRICT(?:, WITHOUT ROWID)?;": ");",
    r" REFERENCES \w+ \(\w+\)": "",  # distributed engines lack or discourage them, so that nothing rests on them
}


async def run(connection: Any, steps: Steps[T]) -> T:
    """Run the steps of a transaction on a connection."""
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await _executed(connection, statement))
    except StopIteration as done:
        return done.value


async def _executed(connection: Any, statement: Statement) -> Sequence[Row]:
    text, names = translated(statement.text)
    if statement.batch is not None:
        await connection.executemany(text, statement.batch)
        return []
    found: Any = await connection.fetch(text, *[statement.parameters[name] for name in names])
    return found  # records are read like tuples


@lru_cache(maxsize=256)
def translated(text: str) -> tuple[str, tuple[str, ...]]:
    """Give a statement numbered parameters; return it with their names in that order."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match[0] == "?":
            names.append("")
            return f"${len(names)}"
        name = match["list"] or match["name"]
        if name not in names:
            names.append(name)
        place = f"${names.index(name) + 1}"
        if match["list"]:
            return f"<> ALL({place})" if match["not"] else f"= ANY({place})"
        return place

    text = re.sub(r"\b(?P<not>NOT )?IN \(:(?P<list>\w+)\)|:(?P<name>\w+)|\?", numbered, text)
    return text, tuple(names)


def translated_schema(script: str) -> str:
    """Name the types of a script as PostgreSQL does, and leave out what only SQLite has."""
    for pattern, replacement in _TYPES.items():
        script = re.sub(pattern, replacement, script)
    return script
