"""A shop in a PostgreSQL database, and the statements that it sends."""

from functools import partial

import pytest

from domain.records.currencies import Currencies
from domain.records.customers import NewCustomer
from domain.records.products import ProductChange
from infra.storage.postgres import PoolOptions, connections, open_postgres
from tests import postgres


def open_shop(url, *, size=4, statement_cache_size=100, migrate=True):
    options = PoolOptions(size=size, statement_cache_size=statement_cache_size)
    return open_postgres(url, currencies=Currencies(own="EUR"), options=options, migrate=migrate)


@pytest.fixture
async def repository(postgres_url):
    async with open_shop(postgres_url) as repository:
        yield repository


@pytest.fixture
async def shop(repository, now):
    """Return a shop with a customer and 120 products."""
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(120)], now=now)
    return repository


@pytest.fixture
def sent(monkeypatch):
    """Return a list to which every statement is added that is sent, BEGIN and COMMIT included."""
    statements = []

    async def log_queries(connection):
        connection.add_query_logger(lambda query: statements.append(query.query))

    create_pool = partial(connections.asyncpg.create_pool, init=log_queries)
    monkeypatch.setattr(connections.asyncpg, "create_pool", create_pool)
    return statements


async def sessions(url):
    """Return the process ids of the application's sessions on the server."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'shop' AND datname = current_database()"
    return [row[0] for row in await postgres.fetched_from(url, query)]
