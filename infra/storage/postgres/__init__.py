"""Storage in PostgreSQL, or in a database that speaks its protocol."""

from infra.storage.postgres.connections import PoolOptions
from infra.storage.postgres.repository import open_postgres

__all__ = ["PoolOptions", "open_postgres"]
