"""What is particular to PostgreSQL: its schema, its pool, what is run again and what never is."""

import asyncio
import contextlib
import socket

import asyncpg
import pytest

from domain.errors import ConfigurationError, CustomerExists, CustomerNotFound, EmailTaken, StoreBusy, StoreUnavailable
from domain.ports import TrainedModel
from domain.ranking.model import Model
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.postgres import PoolOptions, connections, dialect, open_postgres
from infra.storage.sql import schema
from infra.storage.sql.statements import Statement, executemany, one_or_none, rows
from infra.storage.sql.tables import COPIED
from infra.use_cases.recommend import current_list, fresh_list
from tests import postgres


def opened(url, *, size=4, statement_cache_size=100, migrate=True):
    options = PoolOptions(size=size, statement_cache_size=statement_cache_size)
    return open_postgres(url, currency="EUR", options=options, migrate=migrate)


@pytest.fixture
async def repository(postgres_url):
    async with opened(postgres_url) as repository:
        yield repository


@pytest.fixture
async def shop(repository, now):
    await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
    await repository.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(120)], now=now)
    return repository


@pytest.fixture
def sent(monkeypatch):
    """Note every statement that is sent, transactions included."""
    noted = []
    connect = connections.asyncpg.create_pool

    async def noting(connection):
        connection.add_query_logger(lambda query: noted.append(query.query))

    monkeypatch.setattr(connections.asyncpg, "create_pool", lambda *given, **named: connect(*given, init=noting, **named))
    return noted


def test_parameters_are_numbered_and_lists_become_arrays():
    text, names = dialect.translated("SELECT a FROM t WHERE b = :b AND c IN (:c) AND d NOT IN (:d) AND e > :b")

    assert text == "SELECT a FROM t WHERE b = $1 AND c = ANY($2) AND d <> ALL($3) AND e > $1"
    assert names == ("b", "c", "d")
    assert dialect.translated("INSERT INTO t (a, b) VALUES (?, ?)")[0] == "INSERT INTO t (a, b) VALUES ($1, $2)"


async def test_the_schema_has_the_same_columns_as_in_sqlite(repository, postgres_url):
    found = await postgres.fetched_from(
        postgres_url, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    columns = {table: {row["column_name"] for row in found if row["table_name"] == table} for table, _ in found}

    assert {table.name: set(table.columns) for table in COPIED}.items() <= columns.items()
    assert columns.keys() - {table.name for table in COPIED} == {
        "customer_recommendations", "shop_state", "schema_versions",
    }  # fmt: skip


async def test_several_that_start_at_once_find_one_schema(postgres_url):
    async def start():
        async with opened(postgres_url) as repository:
            return await repository.summary()

    assert len(await asyncio.gather(*(start() for _ in range(8)))) == 8
    versions = await postgres.fetched_from(postgres_url, "SELECT version FROM schema_versions ORDER BY version")
    assert [version for (version,) in versions] == list(range(1, len(schema.steps()) + 1))


async def test_a_newer_schema_is_left_alone(postgres_url):
    async with opened(postgres_url):
        pass
    await postgres.run_on(postgres_url, "INSERT INTO schema_versions VALUES (99)")

    with pytest.raises(ConfigurationError, match="schema 99, newer"):
        async with opened(postgres_url):
            pass


async def test_an_older_schema_is_made_only_where_that_is_allowed(postgres_url, monkeypatch):
    with pytest.raises(ConfigurationError, match="python main"):
        async with opened(postgres_url, migrate=False):
            pass
    async with opened(postgres_url):
        pass
    steps = schema.steps()
    monkeypatch.setattr(schema, "steps", lambda: [*steps, "CREATE TABLE extra (a INTEGER) STRICT;"])
    with pytest.raises(ConfigurationError, match=f"schema {len(steps)} of {len(steps) + 1}: `python main"):
        async with opened(postgres_url, migrate=False):
            pass
    async with opened(postgres_url):
        pass

    assert await postgres.fetched_from(postgres_url, "SELECT * FROM extra") == []


async def test_the_database_of_another_program_is_left_alone(postgres_url):
    await postgres.run_on(postgres_url, "CREATE TABLE product_catalog (mine INTEGER)")

    with pytest.raises(ConfigurationError, match="another program"):
        async with opened(postgres_url):
            pass
    assert await postgres.fetched_from(postgres_url, "SELECT * FROM product_catalog") == []


async def test_a_step_that_fails_leaves_the_schema_as_it_was(postgres_url, monkeypatch):
    steps = schema.steps()
    monkeypatch.setattr(
        schema, "steps", lambda: [*steps, "CREATE TABLE extra (a INTEGER); CREATE TABLE shop_state (a INTEGER);"]
    )
    with pytest.raises(ConfigurationError, match="another program"):
        async with opened(postgres_url):
            pass
    monkeypatch.undo()

    async with opened(postgres_url) as repository:
        assert (await repository.summary()).n_products == 0
    with pytest.raises(asyncpg.UndefinedTableError):
        await postgres.fetched_from(postgres_url, "SELECT * FROM extra")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody@127.0.0.1:1/shop", "nobody@127.0.0.1/shop cannot be used: .*"),
        ("postgresql://user:secret@no.such.host.invalid/shop", "user@no.such.host.invalid/shop cannot be used"),
        ("postgresql://user:secret@host:port/shop", "DATABASE_URL is no URL"),
    ],
)
async def test_a_server_that_cannot_be_reached_is_one_clear_line_without_the_password(url, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        async with opened(url):
            pass

    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_server_that_does_not_answer_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(ConfigurationError, match="no answer in time"):
            async with opened(f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/shop"):
                pass


async def test_a_connection_that_cannot_be_given_back_is_replaced(postgres_url, monkeypatch):
    given_back = []

    async def fails_later(_):
        given_back.append(1)
        if len(given_back) > 1:
            raise asyncpg.InterfaceError("planted")

    monkeypatch.setattr(connections, "_keep_as_it_is", fails_later)
    async with opened(postgres_url, size=1) as repository:
        for _ in range(3):
            assert (await repository.summary()).n_products == 0
    assert len(given_back) == 4


async def test_an_unknown_database_is_one_clear_line(postgres_server):
    with pytest.raises(ConfigurationError, match='database "nowhere" does not exist'):
        async with opened(postgres.named(postgres_server, "nowhere")):
            pass


async def test_a_fresh_list_is_three_round_trips_and_a_stored_one_is_one(sent, postgres_url, now):
    async with opened(postgres_url, size=1) as shop:
        await shop.create_customer(NewCustomer(customer_id="c-1"), now=now)
        await shop.put_products([ProductChange(product_id=f"p-{n}") for n in range(120)], now=now)
        await shop.record([BrowsingEvent(customer_id="c-1", product_id="p-1")], now=now)
        # An untrained shop would also look at what is popular.
        await shop.save_model(TrainedModel(model=Model(model_id="m-1"), neighbours=[]))
        # A connection asks once what the types of a statement are.
        await fresh_list(shop, "c-1", now=now)
        sent.clear()
        await fresh_list(shop, "c-1", now=now)
        fresh = len(sent)
        assert (await current_list(shop, "c-1", now=now, reuse_seconds=60)).cached
        stored = len(sent) - fresh

    assert (fresh, stored) == (3, 1)


async def test_writers_of_one_customer_queue_up(shop, now):
    async def buy(number):
        await shop.record([Purchase(customer_id="c-1", items=(OrderItem(product_id=f"p-{number}"),))], now=now)

    await asyncio.gather(*(buy(number) for number in range(32)))

    activity = (await shop.profile("c-1")).activity
    assert (activity.orders, activity.spent) == (32, 32.0)
    assert (await shop.ranking_inputs("c-1")).versions.customer == 32


async def test_the_same_at_the_same_moment_has_one_winner(repository, now):
    results = await asyncio.gather(
        *(
            repository.create_customer(NewCustomer(customer_id=f"c-{n // 2}", email=f"{n}@canary"), now=now)
            for n in range(8)
        ),
        *(
            repository.create_customer(NewCustomer(customer_id=f"d-{n}", email=f"{n // 2}@canary.ch"), now=now)
            for n in range(8)
        ),
        return_exceptions=True,
    )

    losers = [type(result) for result in results if isinstance(result, Exception)]
    assert losers == [CustomerExists] * 4 + [EmailTaken] * 4


async def test_imports_at_the_same_moment_store_everything_once(repository, now):
    changes = [ProductChange(product_id=f"p-{n}", price=1.0) for n in range(40)]
    events = [BrowsingEvent(customer_id=f"c-{n % 7}", product_id=f"p-{n}", event_id=f"e-{n}") for n in range(40)]

    await asyncio.gather(*(repository.put_products(order, now=now) for order in (changes, changes[::-1], changes)))
    outcomes = await asyncio.gather(
        *(repository.put_events(order, create_products=False, now=now) for order in (events, events[::-1], events))
    )

    assert sum(one.status == "new" for batch in outcomes for one in batch) == 40
    assert (await repository.summary()).n_events == 40


async def backends(url):
    """List the sessions that the application has on the server."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'shop' AND datname = current_database()"
    return [row[0] for row in await postgres.fetched_from(url, query)]


async def cut(url):
    await postgres.run_on(url, *(f"SELECT pg_terminate_backend({pid})" for pid in await backends(url)))


async def test_a_connection_that_was_cut_while_idle_heals_within_the_request(shop, postgres_url, now):
    for ask in (shop.ranking_inputs("c-1"), shop.profile("c-1"), shop.create_customer(NewCustomer(), now=now)):
        await cut(postgres_url)
        await ask
    await cut(postgres_url)
    assert not (await current_list(shop, "c-1", now=now, reuse_seconds=60)).cached


async def test_a_transaction_whose_connection_is_cut_before_the_commit_is_run_again(shop, postgres_url, now):
    runs = []

    def cut_once():
        found = yield from one_or_none("SELECT pg_backend_pid()")
        yield from executemany(
            "INSERT INTO customer_profiles (customer_id, created_at, version) VALUES (?, 0, 0)", [("c-2",)]
        )
        runs.append(found[0])
        if len(runs) == 1:
            yield from rows("SELECT pg_terminate_backend(pg_backend_pid())")

    await shop.engine.write(cut_once)

    assert len(set(runs)) == 2
    assert (await shop.profile("c-2")).customer.customer_id == "c-2"


async def test_connections_that_break_again_and_again_are_a_storage_out_of_reach(shop):
    with pytest.raises(StoreUnavailable):
        await shop.engine.write(rows, "SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_commit_of_unknown_outcome_is_never_repeated(shop, postgres_url):
    # A deferred trigger runs inside COMMIT: it breaks the connection there, as a server that goes away does.
    await postgres.run_on(
        postgres_url,
        "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
        "CREATE CONSTRAINT TRIGGER gone AFTER INSERT ON customer_profiles DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION gone()",
    )
    runs = []

    def insert():
        runs.append(1)
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-2', 0, 0)")

    with pytest.raises(StoreUnavailable, match="committing"):
        await shop.engine.write(insert)

    assert len(runs) == 1
    with pytest.raises(CustomerNotFound):
        await shop.profile("c-2")


async def test_a_pool_that_is_used_up_is_a_busy_storage(postgres_url, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
    async with opened(postgres_url, size=1) as repository:
        holding = asyncio.create_task(repository.engine.look_up(rows, "SELECT pg_sleep(0.5)"))
        await asyncio.sleep(0.1)
        with pytest.raises(StoreBusy):
            await repository.summary()
        await holding

        assert (await repository.summary()).n_products == 0


async def test_a_statement_without_an_answer_in_time_is_a_busy_storage(postgres_url, monkeypatch):
    monkeypatch.setattr(connections, "STATEMENT_SECONDS", 0.1)
    async with opened(postgres_url) as repository:
        with pytest.raises(StoreBusy):
            await repository.engine.look_up(rows, "SELECT pg_sleep(2)")

        assert (await repository.summary()).n_products == 0


async def test_a_conflict_that_does_not_end_is_a_busy_storage(shop, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)

    with pytest.raises(StoreBusy):
        await shop.engine.write(
            rows, "INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-1', 0, 0)"
        )


async def test_a_fault_of_the_server_is_told_from_a_fault_of_the_code(shop):
    with pytest.raises(StoreUnavailable):
        await shop.engine.look_up(rows, "SELECT * FROM nowhere")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await shop.engine.read(rows, "SELECT 1 / 0")

    assert (await shop.summary()).n_products == 120


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", StoreUnavailable),  # disk full
        ("53300", StoreUnavailable),  # too many connections
        ("25006", StoreUnavailable),  # a server that became a replica
        ("58030", StoreUnavailable),  # input or output failed
        ("57014", StoreUnavailable),  # cancelled by the server
        ("22003", asyncpg.NumericValueOutOfRangeError),  # a fault of the code
    ],
)
async def test_what_the_server_says_has_one_meaning_and_leaves_nothing_half_done(shop, postgres_url, state, expected):
    await postgres.run_on(
        postgres_url,
        "CREATE FUNCTION fail(state text) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = state; END $$",
    )

    def half():
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-2', 0, 0)")
        yield from rows("SELECT fail(:state)", state=state)

    with pytest.raises(expected):
        await shop.engine.write(half)
    with pytest.raises(CustomerNotFound):
        await shop.profile("c-2")


async def test_reading_transactions_cannot_write(shop):
    with pytest.raises(StoreUnavailable):
        await shop.engine.read(rows, "DELETE FROM shop_state")


async def test_a_request_that_outlives_the_storage_finds_none(postgres_url):
    async with opened(postgres_url) as repository:
        pass

    with pytest.raises(StoreUnavailable):
        await repository.summary()


async def test_a_caller_that_goes_away_does_not_stop_a_write(postgres_url, now):
    async with opened(postgres_url) as repository:
        writing = asyncio.create_task(repository.create_customer(NewCustomer(customer_id="c-1"), now=now))
        await asyncio.sleep(0)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
    async with opened(postgres_url) as repository:
        assert (await repository.profile("c-1")).customer.customer_id == "c-1"


async def test_without_a_statement_cache_every_statement_is_a_transaction(sent, postgres_url, now):
    async with opened(postgres_url, statement_cache_size=0) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        sent.clear()
        assert await repository.stored_list("c-1") is None

    assert (sent[0], sent[-1], len(sent)) == ("BEGIN", "COMMIT", 3)


async def test_on_aws_lambda_there_is_one_connection_and_no_migration(postgres_url, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
    with pytest.raises(ConfigurationError, match="python main"):
        async with open_repository(Settings(database_url=postgres_url)):
            pass
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME")
    async with open_repository(Settings(database_url=postgres_url)):
        pass
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")

    async with open_repository(Settings(database_url=postgres_url)) as repository:
        await asyncio.gather(*(repository.summary() for _ in range(4)))
        assert len(await backends(postgres_url)) == 1


async def test_a_long_count_is_not_repeated_all_the_time(shop, now, monkeypatch):
    monkeypatch.setattr("infra.storage.sql.repository.LONG_COUNT_SECONDS", 0.0)

    before = await shop.summary()
    await shop.put_products([ProductChange(product_id="late")], now=now)

    assert await shop.summary() == before


def test_a_statement_is_plain_data():
    assert Statement("SELECT 1") == Statement("SELECT 1", {})
