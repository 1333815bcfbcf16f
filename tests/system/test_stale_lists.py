"""No list is stale after an acknowledged event, even while other processes compute lists."""

import asyncio
import random
from contextlib import AsyncExitStack

import msgspec
import pytest

from domain.records.customers import NewCustomer
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest, RecommendationList
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import customers, stored_lists
from infra.storage.sql.statements import Statement, one_or_none
from infra.use_cases.recommend import current_list

pytestmark = pytest.mark.system

N_CUSTOMERS = 10
N_EACH = 20
ALL = ListRequest(limit=100)


async def count_stale_lists(url, *, now, n_each):
    """Buy the first recommended product repeatedly while others read; count the lists that still contain it, and the orders.

    Three repositories stand for three processes: one buys, two read.
    """
    rng = random.Random(1)
    n_stale = n_acknowledged = 0
    async with AsyncExitStack() as stack:
        buyer, *readers = [
            await stack.enter_async_context(open_repository(Settings(database_url=url, database_pool_size=4)))
            for _ in range(3)
        ]
        await buyer.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(n_each + 50)], now=now)

        async def recommended(repository, customer_id):
            recommendations = await current_list(repository, customer_id, request=ALL, now=now, reuse_seconds=3600)
            return [item.product_id for item in recommendations.items]

        async def read(repository, customer_id, stop):
            while not stop.is_set():
                await recommended(repository, customer_id)

        async def buy(customer_id):
            nonlocal n_stale, n_acknowledged
            await buyer.create_customer(NewCustomer(customer_id=customer_id), now=now)
            stop = asyncio.Event()
            reads = [asyncio.create_task(read(repository, customer_id, stop)) for repository in readers]
            for _ in range(n_each):
                product_id = (await recommended(buyer, customer_id))[0]
                await buyer.record([Purchase(customer_id=customer_id, items=(OrderItem(product_id=product_id),))], now=now)
                n_acknowledged += 1
                await asyncio.sleep(rng.uniform(0, 0.005))
                n_stale += product_id in await recommended(buyer, customer_id)
            stop.set()
            await asyncio.gather(*reads)

        for number in range(N_CUSTOMERS):
            await buy(f"c-{number}")
    return n_stale, n_acknowledged


async def test_no_list_is_stale_after_an_acknowledged_event(database_url, now):
    assert await count_stale_lists(database_url, now=now, n_each=N_EACH) == (0, N_CUSTOMERS * N_EACH)


@pytest.mark.slow
async def test_no_list_is_stale_after_3_000_acknowledged_events(database_url, now):
    assert await count_stale_lists(database_url, now=now, n_each=300) == (0, 3000)


def invalidate_by_deletion(monkeypatch):
    """Serve any stored list, and delete it with every event, instead of comparing versions."""
    store, raise_versions = stored_lists.store, customers.raise_versions

    def read_any_list(customer_id, length):
        row = yield from one_or_none("SELECT list FROM customer_recommendations WHERE customer_id = :id", id=customer_id)
        return customer_id, (), msgspec.msgpack.decode(row[0], type=RecommendationList) if row else None

    def store_any_list(stored):
        statement = next(store(stored))
        yield Statement(statement.text.replace(" AND version = :customer_version", ""), statement.parameters)

    def raise_versions_and_delete_lists(customer_ids):
        yield from raise_versions(customer_ids)
        yield from stored_lists.forget(customer_ids)

    monkeypatch.setattr(stored_lists, "read", read_any_list)
    monkeypatch.setattr(stored_lists, "store", store_any_list)
    monkeypatch.setattr(customers, "raise_versions", raise_versions_and_delete_lists)


async def test_the_check_finds_lists_that_are_invalidated_by_deletion(database, now, monkeypatch):
    invalidate_by_deletion(monkeypatch)

    n_stale, _ = await count_stale_lists(f"sqlite:///{database}", now=now, n_each=N_EACH)

    assert n_stale > 0
