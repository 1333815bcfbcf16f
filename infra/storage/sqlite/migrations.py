"""Migrations of a SQLite file; its user_version is the number of migrations that it has."""

import sqlite3

from domain.errors import ConfigurationError
from infra.storage.sql import schema


def check(connection: sqlite3.Connection) -> int:
    """Return the schema version of a file; raise ConfigurationError if another program made it or the schema is newer."""
    # One statement, because another process may create the schema between two.
    version, n_schema_objects = connection.execute(
        "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version"
    ).fetchone()
    schema.missing(version)
    if version == 0 and n_schema_objects:
        raise ConfigurationError("The database belongs to another program.")
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the missing migrations, each in its own transaction; raise ConfigurationError if the schema is newer.

    The caller must hold the write lock: of several processes that start at once, one migrates the file.
    """
    version = check(connection)
    missing = schema.missing(version)
    for number, script in enumerate(missing, start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")
    if missing:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
