"""A product is merged into another only after the writers who had found it, so that no event is left without a product."""

import asyncio

import asyncpg
import pytest

from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.postgres.dialect import run
from infra.storage.sql import known_products
from infra.storage.sql.statements import ConcurrentWrite

ALIAS = ProductChange(product_id="shirt", aliases=("sku",))


@pytest.fixture
async def shop(postgres_url, now):
    async with open_repository(Settings(database_url=postgres_url)) as repository:
        await repository.put_products([ProductChange(product_id="shirt", price=9.5)], now=now)
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        order = Purchase(customer_id="c-1", items=(OrderItem(product_id="sku"),))
        await repository.record([order], now=now, create_products=True)
        yield repository


@pytest.fixture
async def writer(postgres_url):
    """A connection with an open transaction."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("BEGIN")
    yield connection
    await connection.close()


async def test_merging_waits_for_a_writer_who_found_the_product(shop, writer, now):
    found = await run(writer, known_products.find(["sku"]))
    await run(writer, known_products.hold(found.values()))
    merging = asyncio.create_task(shop.update_products([ALIAS], now=now))
    await asyncio.sleep(0.3)
    is_waiting = not merging.done()
    await writer.execute(
        "INSERT INTO browsing_history (event_id, customer_id, product_id, event_type, occurred_at)"
        " VALUES ('late', 'c-1', 'sku', 'view', 5)"
    )
    await writer.execute("COMMIT")
    await merging

    exported = await shop.export("c-1")
    assert is_waiting
    assert [event.product_id for event in exported.browsing] == ["shirt"]
    assert [item.product_id for order in exported.purchases for item in order.items] == ["shirt"]


async def test_a_writer_who_found_the_product_before_it_was_merged_looks_it_up_again(shop, writer, now):
    found = await run(writer, known_products.find(["sku"]))
    await shop.update_products([ALIAS], now=now)

    with pytest.raises(ConcurrentWrite):
        await run(writer, known_products.hold(found.values()))
    await shop.record([BrowsingEvent(customer_id="c-1", product_id="sku")], now=now)

    assert [event.product_id for event in (await shop.export("c-1")).browsing] == ["shirt"]
