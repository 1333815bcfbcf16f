"""The schema in a SQLite file, whose user_version says how many steps it has."""

import sqlite3

from domain.errors import Unusable
from infra.sql import schema


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, every step in a transaction of its own; raise Unusable for a newer schema.

    The caller holds the write lock, so that of several processes that start at once one migrates and the others find the
    work done.
    """
    steps = schema.steps()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise Unusable(f"The database has schema {version}, newer than the {len(steps)} that this version knows.")
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
        raise Unusable("The database belongs to another program.")
    for number, script in enumerate(steps[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")
    if version < len(steps):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
