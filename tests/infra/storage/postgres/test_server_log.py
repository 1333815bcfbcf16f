"""The log of PostgreSQL never gets a value of a person, as no statement fails on a unique key."""

import asyncio

import asyncpg
import pytest

from domain.errors import CustomerExists, EmailTaken
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres
from tests.imports import as_imported

AT_ONCE = 16


@pytest.fixture
def own_server(tmp_path):
    server = postgres.OwnServer(tmp_path / "postgres")
    yield server
    server.stop_at_once()


async def test_writers_of_the_same_keys_at_the_same_moment_put_no_value_into_the_log_of_the_server(own_server, now):
    async with open_repository(Settings(database_url=own_server.url)) as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=now)
        mine = [CustomerChange(customer_id=f"canary-mine-{n}", email=f"canary-old-{n}@canary.com") for n in range(AT_ONCE)]
        await repository.put_customers(mine, now=now)

        def create(n):
            return repository.create_customer(NewCustomer(email="canary-one@canary.com"), now=now)

        def create_id(n):
            return repository.create_customer(NewCustomer(customer_id="canary-same"), now=now)

        def change(n):
            moved = CustomerChange(customer_id=f"canary-mine-{n}", email="canary-two@canary.com")
            return repository.put_customers([moved], now=now)

        def create_two(n):
            return repository.create_customer(NewCustomer(email="canary-two@canary.com"), now=now)

        def record(n):
            items = (OrderItem(product_id="p-1"),)
            return repository.record(
                [
                    BrowsingEvent(customer_id=f"canary-mine-{n}", product_id="p-1", event_id="canary-event"),
                    Purchase(customer_id=f"canary-mine-{n}", order_id="canary-order", items=items),
                ],
                now=now,
            )

        def put(n):
            order = Purchase(customer_id=f"canary-guest-{n}", order_id=f"canary-{n}", items=(OrderItem(product_id="p-1"),))
            event = BrowsingEvent(customer_id=f"canary-mine-{n}", product_id="p-1", event_id="canary-imported")
            return repository.put_events(
                as_imported([order], email="canary-three@canary.com") + as_imported([event]), create_products=False, now=now
            )

        outcomes = await asyncio.gather(
            *(work(n) for work in (create, create_id, change, create_two, record, put) for n in range(AT_ONCE)),
            return_exceptions=True,
        )

    created = outcomes[:AT_ONCE]
    assert [type(outcome) for outcome in created].count(EmailTaken) == AT_ONCE - 1
    assert [type(outcome) for outcome in outcomes[AT_ONCE : 2 * AT_ONCE]].count(CustomerExists) == AT_ONCE - 1
    changed = [outcome[0].status for outcome in outcomes[2 * AT_ONCE : 3 * AT_ONCE]]
    assert (
        changed.count("changed") + sum(isinstance(o, EmailTaken) for o in outcomes[3 * AT_ONCE : 4 * AT_ONCE]) >= AT_ONCE - 1
    )
    assert changed.count("changed") <= 1
    assert "canary" not in (own_server.folder / "log").read_text()


async def test_the_check_finds_a_value_that_the_server_logged(own_server):
    statement = "INSERT INTO t VALUES ('canary-key')"
    with pytest.raises(asyncpg.UniqueViolationError):
        await postgres.run_on(own_server.url, "CREATE TABLE t (k TEXT PRIMARY KEY)", statement, statement)

    assert "canary-key" in (own_server.folder / "log").read_text()
