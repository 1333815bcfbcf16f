"""What the tests of the SQLite file share: a shop in one, and transactions to ask of it."""

import pytest

from domain.errors import CustomerNotFound
from infra.storage.sql.statements import rows
from infra.storage.sqlite import open_sqlite


def opened(path):
    return open_sqlite(path, currency="EUR")


@pytest.fixture
async def repository(database):
    async with opened(database) as repository:
        yield repository


def written(number, *, failing=None):
    """Register a customer, and fail before or after that."""
    if failing == "before":
        raise CustomerNotFound("nobody")
    yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (:id, 0, 0)", id=f"c-{number}")
    if failing == "after":
        raise CustomerNotFound("nobody")
    return number


def failing_with(error):
    yield from rows("SELECT 1")
    raise error
