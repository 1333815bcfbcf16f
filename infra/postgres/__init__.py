"""The shop in a PostgreSQL database, or in one of the engines that speak its protocol."""

from infra.postgres.connections import PoolOptions
from infra.postgres.repository import open_postgres

__all__ = ["PoolOptions", "open_postgres"]
