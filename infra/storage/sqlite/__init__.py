"""Storage in one SQLite file."""

from infra.storage.sqlite.repository import open_sqlite

__all__ = ["open_sqlite"]
