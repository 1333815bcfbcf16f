"""Never a stale list after an acknowledged event, however many compute lists at that moment."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from domain.records.customers import NewCustomer
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import lists
from infra.storage.sql.repository import SqlRepository
from infra.storage.sql.statements import Statement, one_or_none, rows
from infra.use_cases.recommend import current_list

pytestmark = pytest.mark.system

N_CUSTOMERS = 10
N_EACH = 20
ALL = ListRequest(limit=100)


async def stale_lists(url, *, now, n_each):
    """Buy what is shown first, again and again, while others read; count the lists that still show it, and the orders.

    Three repositories stand for as many processes: one buys, two read.
    """
    rng = random.Random(1)
    n_stale = n_acknowledged = 0
    async with AsyncExitStack() as stack:
        buyer, *readers = [
            await stack.enter_async_context(open_repository(Settings(database_url=url, database_pool_size=4)))
            for _ in range(3)
        ]
        await buyer.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(n_each + 50)], now=now)

        async def shown(repository, customer_id):
            made = await current_list(repository, customer_id, request=ALL, now=now, reuse_seconds=3600)
            return [item.product_id for item in made.items]

        async def reading(repository, customer_id, stop):
            while not stop.is_set():
                await shown(repository, customer_id)

        async def buying(customer_id):
            nonlocal n_stale, n_acknowledged
            await buyer.create_customer(NewCustomer(customer_id=customer_id), now=now)
            stop = asyncio.Event()
            reads = [asyncio.create_task(reading(repository, customer_id, stop)) for repository in readers]
            for _ in range(n_each):
                product_id = (await shown(buyer, customer_id))[0]
                await buyer.record([Purchase(customer_id=customer_id, items=(OrderItem(product_id=product_id),))], now=now)
                n_acknowledged += 1
                await asyncio.sleep(rng.uniform(0, 0.005))
                n_stale += product_id in await shown(buyer, customer_id)
            stop.set()
            await asyncio.gather(*reads)

        for number in range(N_CUSTOMERS):
            await buying(f"c-{number}")
    return n_stale, n_acknowledged


async def test_no_list_is_stale_after_an_acknowledged_event(database_url, now):
    assert await stale_lists(database_url, now=now, n_each=N_EACH) == (0, N_CUSTOMERS * N_EACH)


@pytest.mark.slow
async def test_no_list_is_stale_after_3_000_acknowledged_events(database_url, now):
    assert await stale_lists(database_url, now=now, n_each=300) == (0, 3000)


def invalidate_by_deletion(monkeypatch):
    """Serve whatever is stored, and delete it with every event: what the versions stand in for."""
    store, record = lists.store, SqlRepository._record

    def whatever_is_stored(customer_id, column, decode):
        row = yield from one_or_none(
            f"SELECT {column} FROM customer_recommendations WHERE customer_id = :id", id=customer_id
        )
        return decode(row[0]) if row else None

    def always_stored(stored):
        statement = next(store(stored))
        yield Statement(statement.text.partition(" WHERE excluded")[0], statement.parameters)

    def deleted_with_every_event(self, events, *, now):
        recorded = yield from record(self, events, now=now)
        yield from rows("DELETE FROM customer_recommendations WHERE customer_id = :id", id=events[0].customer_id)
        return recorded

    monkeypatch.setattr(lists, "_read_current", whatever_is_stored)
    monkeypatch.setattr(lists, "store", always_stored)
    monkeypatch.setattr(SqlRepository, "_record", deleted_with_every_event)


async def test_the_check_finds_lists_that_are_invalidated_by_deletion(database, now, monkeypatch):
    invalidate_by_deletion(monkeypatch)

    n_stale, _ = await stale_lists(f"sqlite:///{database}", now=now, n_each=N_EACH)

    assert n_stale > 0
