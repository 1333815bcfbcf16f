"""The shop in one SQLite file."""

from infra.sqlite.repository import SqliteRepository

__all__ = ["SqliteRepository"]
