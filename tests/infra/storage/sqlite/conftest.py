"""A shop in a SQLite file, and transactions for the tests of its storage."""

import pytest

from domain.errors import CustomerNotFound
from infra.storage.sql.statements import rows
from infra.storage.sqlite import open_sqlite


def open_shop(path):
    return open_sqlite(path, currency="EUR")


@pytest.fixture
async def repository(database):
    async with open_shop(database) as repository:
        yield repository


def insert_customer(number, *, failing=None):
    """Insert a customer, and fail before or after the statement."""
    if failing == "before":
        raise CustomerNotFound("nobody")
    yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (:id, 0, 0)", id=f"c-{number}")
    if failing == "after":
        raise CustomerNotFound("nobody")
    return number


def fail_with(error):
    yield from rows("SELECT 1")
    raise error


def wait_for(event):
    """Occupy the thread of a connection until `event` is set."""
    yield from rows("SELECT 1")
    event.wait(5)
