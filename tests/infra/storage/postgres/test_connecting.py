"""The pool of connections, and what a caller reads if the server cannot be used."""

import asyncio
import socket

import asyncpg
import pytest

from domain.errors import ConfigurationError, StoreBusy, StoreUnavailable, StoreUnreachable
from domain.records.customers import NewCustomer
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.postgres import connections
from infra.storage.sql.statements import rows
from tests import postgres
from tests.infra.storage.postgres.conftest import open_shop, sessions


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://nobody@127.0.0.1:1/shop", "postgresql://127.0.0.1/shop cannot be used: Connection refused."),
        ("postgresql://user:secret@no.such.host.invalid/shop", "//no.such.host.invalid/shop cannot be used: the host is"),
        ("postgresql://user:secret@127.0.0.1/shop?sslmode=secret", "The database URL has an option that is not valid"),
    ],
    ids=["closed port", "unknown host", "invalid option"],
)
async def test_a_server_that_cannot_be_reached_is_an_error_of_one_line_without_the_password(url, message):
    with pytest.raises((ConfigurationError, StoreUnreachable), match=message) as caught:
        async with open_shop(url):
            pass

    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_server_that_does_not_answer_is_an_error_of_one_line(monkeypatch):
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(StoreUnreachable, match="no answer in time"):
            async with open_shop(f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/shop"):
                pass


async def test_an_unknown_database_is_an_error_of_one_line(postgres_server):
    with pytest.raises(ConfigurationError, match="/nowhere cannot be used: the database does not exist"):
        async with open_shop(postgres.named(postgres_server, "nowhere")):
            pass


async def test_a_connection_whose_release_fails_is_replaced(postgres_url, monkeypatch):
    n_released = 0
    create_pool = connections.asyncpg.create_pool

    async def fail_after_the_first(_):
        nonlocal n_released
        n_released += 1
        if n_released > 1:
            raise asyncpg.InterfaceError("planted")

    def create_failing_pool(*arguments, **named):
        return create_pool(*arguments, **named | {"reset": fail_after_the_first})

    monkeypatch.setattr(connections.asyncpg, "create_pool", create_failing_pool)
    async with open_shop(postgres_url, size=1) as repository:
        for _ in range(3):
            assert (await repository.summary()).n_products == 0
    assert n_released == 4


async def test_an_exhausted_pool_raises_store_busy(postgres_url, monkeypatch):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
    async with open_shop(postgres_url, size=1) as repository:
        sleeping = asyncio.create_task(repository.engine.look_up(rows, "SELECT pg_sleep(0.5)"))
        await asyncio.sleep(0.1)
        with pytest.raises(StoreBusy):
            await repository.summary()
        await sleeping

        assert (await repository.summary()).n_products == 0


async def test_writes_beyond_their_share_of_the_pool_raise_store_busy_and_reads_go_on(postgres_url, monkeypatch):
    async with open_shop(postgres_url, size=2) as repository:
        sleeping = asyncio.create_task(repository.engine.write(rows, "SELECT pg_sleep(0.5)"))
        await asyncio.sleep(0.1)
        monkeypatch.setattr(connections, "BUSY_SECONDS", 0.1)
        with pytest.raises(StoreBusy, match="Too many other writes"):
            await repository.engine.write(rows, "SELECT 1")
        assert (await repository.summary()).n_products == 0
        await sleeping


async def test_a_check_without_an_answer_in_time_raises_store_busy(postgres_url, monkeypatch):
    monkeypatch.setattr(connections, "PROBE_SECONDS", 0.1)
    async with open_shop(postgres_url) as repository:
        await repository.check_readable()
        with pytest.raises(StoreBusy):
            await repository.engine.read_anew(rows, "SELECT pg_sleep(1)")


async def test_a_write_waits_briefly_for_a_row_and_tries_again(postgres_url, now):
    async with open_shop(postgres_url) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        holder = await asyncpg.connect(postgres_url)
        await holder.execute("BEGIN; UPDATE customer_profiles SET version = version")
        waiting = asyncio.create_task(repository.engine.write(rows, "UPDATE customer_profiles SET version = 5"))
        await asyncio.sleep(connections.LOCK_SECONDS * 1.5)
        await holder.execute("ROLLBACK")
        await holder.close()
        await waiting

        assert (await repository.customer_state("c-1")).version == 5


async def test_a_statement_without_an_answer_in_time_raises_store_busy(postgres_url, monkeypatch):
    monkeypatch.setattr(connections, "STATEMENT_SECONDS", 0.1)
    async with open_shop(postgres_url) as repository:
        with pytest.raises(StoreBusy):
            await repository.engine.look_up(rows, "SELECT pg_sleep(2)")

        assert (await repository.summary()).n_products == 0


async def test_calls_after_the_storage_was_closed_fail(postgres_url):
    async with open_shop(postgres_url) as repository:
        pass

    with pytest.raises(StoreUnavailable):
        await repository.summary()


async def test_without_a_statement_cache_every_statement_is_a_transaction(sent, postgres_url, now):
    async with open_shop(postgres_url, statement_cache_size=0) as repository:
        await repository.create_customer(NewCustomer(customer_id="c-1"), now=now)
        sent.clear()
        assert await repository.stored_list("c-1", length=10) is None

    assert (sent[0], sent[-1], len(sent)) == ("BEGIN", "COMMIT", 3)


async def test_on_aws_lambda_the_application_opens_one_connection_and_never_migrates(postgres_url, monkeypatch):
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
        assert len(await sessions(postgres_url)) == 1
