"""Transactions on PostgreSQL: concurrent writers, broken connections, and faults of the server."""

import asyncio
import contextlib

import asyncpg
import pytest

from domain.errors import CustomerExists, CustomerNotFound, EmailTaken, StoreBusy, StoreUnavailable
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.postgres import connections
from infra.storage.sql.statements import executemany, one, rows
from infra.use_cases.recommend import current_list
from tests import postgres
from tests.imports import as_imported
from tests.infra.storage.postgres.conftest import open_shop, sessions


async def test_concurrent_writes_of_one_customer_are_all_stored(shop, now):
    async def buy(number):
        await shop.record([Purchase(customer_id="c-1", items=(OrderItem(product_id=f"p-{number}"),))], now=now)

    await asyncio.gather(*(buy(number) for number in range(32)))

    activity = (await shop.profile("c-1")).activity
    assert (activity.orders, activity.spent) == (32, 32.0)
    assert (await shop.customer_state("c-1")).version == 32


async def test_of_concurrent_registrations_with_one_id_or_e_mail_address_one_succeeds(repository, now):
    same_id = [NewCustomer(customer_id=f"c-{n // 2}", email=f"{n}@canary") for n in range(8)]
    same_email = [NewCustomer(customer_id=f"d-{n}", email=f"{n // 2}@canary.ch") for n in range(8)]

    outcomes = await asyncio.gather(
        *(repository.create_customer(new, now=now) for new in same_id + same_email), return_exceptions=True
    )

    errors = [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
    assert errors == [CustomerExists] * 4 + [EmailTaken] * 4


async def test_concurrent_imports_store_everything_once(repository, now):
    changes = [ProductChange(product_id=f"p-{n}", price=1.0) for n in range(40)]
    events = [BrowsingEvent(customer_id=f"c-{n % 7}", product_id=f"p-{n}", event_id=f"e-{n}") for n in range(40)]

    await asyncio.gather(*(repository.put_products(order, now=now) for order in (changes, changes[::-1], changes)))
    outcomes = await asyncio.gather(
        *(
            repository.put_events(as_imported(order), create_products=False, now=now)
            for order in (events, events[::-1], events)
        )
    )

    assert sum(outcome.status == "new" for batch in outcomes for outcome in batch) == 40
    assert (await repository.summary()).n_events == 40


async def cut_connections(url):
    await postgres.run_on(url, *(f"SELECT pg_terminate_backend({pid})" for pid in await sessions(url)))


async def test_a_request_succeeds_although_its_idle_connection_was_cut(shop, postgres_url, now):
    for request in (shop.customer_state("c-1"), shop.profile("c-1"), shop.create_customer(NewCustomer(), now=now)):
        await cut_connections(postgres_url)
        await request
    await cut_connections(postgres_url)
    assert not (await current_list(shop, "c-1", now=now, reuse_seconds=60)).cached


async def test_a_transaction_whose_connection_is_cut_before_commit_runs_again(shop, now):
    sessions_used = []

    def insert_and_cut_once():
        (session,) = yield from one("SELECT pg_backend_pid()")
        yield from executemany(
            "INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (?, 0, 0)", [("c-2",)]
        )
        sessions_used.append(session)
        if len(sessions_used) == 1:
            yield from rows("SELECT pg_terminate_backend(pg_backend_pid())")

    await shop.engine.write(insert_and_cut_once)

    assert len(set(sessions_used)) == 2
    assert (await shop.profile("c-2")).customer.customer_id == "c-2"


async def test_connections_that_break_repeatedly_raise_store_unavailable(shop):
    with pytest.raises(StoreUnavailable):
        await shop.engine.write(rows, "SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_commit_with_unknown_outcome_is_never_repeated(shop, postgres_url):
    # A deferred trigger runs inside COMMIT. It breaks the connection there, as a failing server does.
    await postgres.run_on(
        postgres_url,
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        "CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON customer_profiles DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION gone()",
    )
    n_runs = 0

    def insert():
        nonlocal n_runs
        n_runs += 1
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-2', 0, 0)")

    with pytest.raises(StoreUnavailable, match="committing"):
        await shop.engine.write(insert)

    assert n_runs == 1
    with pytest.raises(CustomerNotFound):
        await shop.profile("c-2")


async def test_a_write_completes_although_its_caller_is_cancelled(postgres_url, now):
    async with open_shop(postgres_url) as repository:
        writing = asyncio.create_task(repository.create_customer(NewCustomer(customer_id="c-1"), now=now))
        await asyncio.sleep(0)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
    async with open_shop(postgres_url) as repository:
        assert (await repository.profile("c-1")).customer.customer_id == "c-1"


async def test_a_conflict_that_does_not_end_raises_store_busy(shop, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)

    with pytest.raises(StoreBusy):
        await shop.engine.write(
            rows, "INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-1', 0, 0)"
        )


async def test_faults_of_the_server_and_of_the_code_are_different_errors(shop):
    with pytest.raises(StoreUnavailable):
        await shop.engine.look_up(rows, "SELECT * FROM nowhere")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await shop.engine.read(rows, "SELECT 1 / 0")

    assert (await shop.summary()).n_products == 120


@pytest.mark.parametrize(
    ("state", "error"),
    [
        pytest.param("53100", StoreUnavailable, id="disk full"),
        pytest.param("53300", StoreUnavailable, id="too many connections"),
        pytest.param("25006", StoreUnavailable, id="server became a replica"),
        pytest.param("58030", StoreUnavailable, id="input or output failed"),
        pytest.param("57014", StoreUnavailable, id="cancelled by the server"),
        pytest.param("22003", asyncpg.NumericValueOutOfRangeError, id="fault of the code"),
    ],
)
async def test_an_error_of_the_server_rolls_the_transaction_back_and_is_translated(shop, postgres_url, state, error):
    await postgres.run_on(
        postgres_url,
        "CREATE FUNCTION fail(state text) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = state; END $$",
    )

    def insert_and_fail():
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-2', 0, 0)")
        yield from rows("SELECT fail(:state)", state=state)

    with pytest.raises(error):
        await shop.engine.write(insert_and_fail)
    with pytest.raises(CustomerNotFound):
        await shop.profile("c-2")


async def test_read_transactions_cannot_write(shop):
    with pytest.raises(StoreUnavailable):
        await shop.engine.read(rows, "DELETE FROM shop_state")
