"""The file `DATABASE.erased`: the keyed hashes of erased customers, so that a restored backup brings nobody back."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MODE = 0o600


def path_of(database: Path) -> Path:
    return database.with_name(database.name + ".erased")


def append(database: Path, key: bytes, id_hashes: Iterable[str]) -> None:
    """Add one line of key and hash for each customer, and wait for the disk."""
    path = path_of(database)
    is_new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
    try:
        os.write(file, "".join(f"{key.hex()} {id_hash}\n" for id_hash in id_hashes).encode())
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        sync(path.parent)


def begin(database: Path, connection: sqlite3.Connection) -> None:
    """Make the file of a database that has erasures of an earlier release."""
    if path_of(database).exists():
        return
    id_hashes = [id_hash for (id_hash,) in connection.execute("SELECT id_hash FROM erased_customers")]
    # Without an erasure there may be a key for the audit. An empty file would say that nobody needs to be erased again, also
    # where the file was lost with the database.
    if id_hashes:
        (key,) = connection.execute("SELECT erasure_key FROM shop_state").fetchone()
        append(database, key, id_hashes)


def read(database: Path) -> dict[bytes, set[str]]:
    """Return the hashes by their key; raise FileNotFoundError. A line that a crash cut off is left out."""
    hashes: dict[bytes, set[str]] = {}
    for line in path_of(database).read_text("ascii").splitlines():
        with suppress(ValueError):
            key, id_hash = line.split(" ")
            hashes.setdefault(bytes.fromhex(key), set()).add(id_hash)
    return hashes


def sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
