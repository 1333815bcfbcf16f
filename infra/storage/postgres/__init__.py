"""The shop in a PostgreSQL database, or in one of the engines that speak its protocol."""

from infra.storage.postgres.connections import PoolOptions
from infra.storage.postgres.repository import open_postgres

__all__ = ["PoolOptions", "open_postgres"]
