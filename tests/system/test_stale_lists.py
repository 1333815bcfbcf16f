"""No list is stale after an acknowledged event, even while other processes compute lists."""

import asyncio
import random
from contextlib import AsyncExitStack, suppress

import msgspec
import pytest

from domain.errors import CustomerNotFound
from domain.ports.repository import StoredList
from domain.records.customers import NewCustomer
from domain.records.guests import GuestMerge
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest, RankedList
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql import customers, merging, stored_lists
from infra.storage.sql.statements import Statement, one_or_none
from infra.use_cases.ranking_data import RankingData
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

    read = stored_lists.read

    def read_any_list(customer_id):
        current, _ = yield from read(customer_id)
        row = yield from one_or_none("SELECT list FROM customer_recommendations WHERE customer_id = :id", id=customer_id)
        if row is None:
            return current, None
        ranked = msgspec.msgpack.decode(row[0], type=RankedList)
        return current, StoredList(ranked=ranked, length=100, versions=current.versions)

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


async def count_late_changes(url, *, now, n_changes):
    """Change stock, price and name of products in turn while others read; count the lists that show an older state.

    Each list has 20 of 60 products, so that a stored one is full. Return the number of late lists and of stored ones among
    all that were compared.
    """
    rng = random.Random(2)
    shown = ListRequest(limit=20)
    n_late = n_cached = n_compared = 0
    async with AsyncExitStack() as stack:
        changer, *readers = shops = [
            await stack.enter_async_context(open_repository(Settings(database_url=url, database_pool_size=4)))
            for _ in range(3)
        ]
        state = {f"p-{n}": (True, 1.0, "Old") for n in range(60)}
        await changer.put_products([ProductChange(product_id=one, price=1.0, name="Old") for one in state], now=now)
        customer_ids = [f"c-{n}" for n in range(N_CUSTOMERS)]
        for customer_id in customer_ids:
            await changer.create_customer(NewCustomer(customer_id=customer_id), now=now)

        async def list_of(repository, customer_id):
            return await current_list(repository, customer_id, request=shown, now=now, reuse_seconds=3600)

        async def read(repository, stop):
            while not stop.is_set():
                await list_of(repository, rng.choice(customer_ids))

        stop = asyncio.Event()
        reads = [asyncio.create_task(read(repository, stop)) for repository in readers]
        for number in range(n_changes):
            changed = rng.choice(list(state))
            is_available = not state[changed][0] if number % 10 == 0 else state[changed][0]
            state[changed] = is_available, float(number), f"Name {number}"
            available, price, name = state[changed]
            await changer.put_products(
                [ProductChange(product_id=changed, in_stock=available, price=price, name=name)], now=now
            )
            listed = await list_of(rng.choice(shops), rng.choice(customer_ids))
            n_late += any((True, item.price, item.name) != state[item.product_id] for item in listed.items)
            n_cached += listed.cached
            n_compared += 1
        stop.set()
        await asyncio.gather(*reads)
    return n_late, n_cached / n_compared


async def test_every_list_shows_the_acknowledged_state_of_its_products(database_url, now):
    n_late, share_of_stored = await count_late_changes(database_url, now=now, n_changes=300)

    assert n_late == 0
    assert share_of_stored > 0.2


@pytest.mark.slow
async def test_no_list_shows_an_older_state_after_3_000_acknowledged_changes(database_url, now):
    assert (await count_late_changes(database_url, now=now, n_changes=3000))[0] == 0


async def test_the_check_finds_lists_of_a_process_that_does_not_read_changes(database, now, monkeypatch):
    async def ignore_changes(data):
        pass

    monkeypatch.setattr(RankingData, "_apply_changes", ignore_changes)

    assert (await count_late_changes(f"sqlite:///{database}", now=now, n_changes=100))[0] > 0


async def count_stale_after_merges(url, *, now, n_merges):
    """Merge guests who bought the first recommended product of a customer while others read lists of both.

    Return how many lists still contained that product after the merge, under either id, and the number of stored ones.
    """
    rng = random.Random(3)
    n_stale = n_cached = 0
    async with AsyncExitStack() as stack:
        merger, *readers = shops = [
            await stack.enter_async_context(open_repository(Settings(database_url=url, database_pool_size=4)))
            for _ in range(3)
        ]
        await merger.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(60)], now=now)
        names = []

        async def list_of(repository, customer_id):
            return await current_list(repository, customer_id, request=ALL, now=now, reuse_seconds=3600)

        async def read(repository, stop):
            while not stop.is_set():
                with suppress(CustomerNotFound):  # The guest has no event yet.
                    await list_of(repository, rng.choice(names))

        for number in range(n_merges):
            customer_id, guest_id = names[:] = f"c-{number // N_EACH}", f"g-{number}"
            if number % N_EACH == 0:
                await merger.create_customer(NewCustomer(customer_id=customer_id), now=now)
            stop = asyncio.Event()
            reads = [asyncio.create_task(read(repository, stop)) for repository in readers]
            product_id = (await list_of(merger, customer_id)).items[0].product_id
            await merger.record(
                [Purchase(customer_id=guest_id, items=(OrderItem(product_id=product_id),), guest=True)], now=now
            )
            await asyncio.sleep(rng.uniform(0, 0.005))
            await merger.merge_guest(GuestMerge(guest_id=guest_id, customer_id=customer_id), now=now)
            for _ in range(2):
                await asyncio.sleep(rng.uniform(0, 0.005))
                listed = await list_of(rng.choice(shops), rng.choice(names))
                n_stale += product_id in {item.product_id for item in listed.items}
                n_cached += listed.cached
            stop.set()
            await asyncio.gather(*reads)
    return n_stale, n_cached


async def test_no_list_of_before_is_served_after_a_merge(database_url, now):
    n_stale, n_cached = await count_stale_after_merges(database_url, now=now, n_merges=60)

    assert n_stale == 0
    assert n_cached > 30


@pytest.mark.slow
async def test_no_list_of_before_is_served_after_1_000_merges(database_url, now):
    assert (await count_stale_after_merges(database_url, now=now, n_merges=1000))[0] == 0


async def test_the_check_finds_lists_of_a_merge_that_raises_no_version(database, now, monkeypatch):
    def raise_nothing(_):
        yield from ()

    monkeypatch.setattr(merging, "raise_versions", raise_nothing)

    assert (await count_stale_after_merges(f"sqlite:///{database}", now=now, n_merges=20))[0] > 0
