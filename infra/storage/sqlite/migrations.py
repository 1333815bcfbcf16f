"""The schema in a SQLite file, whose user_version says how many steps it has."""

import sqlite3

from domain.errors import ConfigurationError
from infra.storage.sql import schema


def check(connection: sqlite3.Connection) -> int:
    """Return how many steps a file has; raise ConfigurationError for one of another program or with a newer schema."""
    # One statement, as another process may make the schema between two.
    version, n_named = connection.execute(
        "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version"
    ).fetchone()
    schema.missing(version)
    if version == 0 and n_named:
        raise ConfigurationError("The database belongs to another program.")
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, every step in a transaction of its own; raise ConfigurationError for a newer schema.

    The caller holds the write lock, so that of several processes that start at once one migrates and the others find the
    work done.
    """
    version = check(connection)
    missing = schema.missing(version)
    for number, script in enumerate(missing, start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")
    if missing:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
