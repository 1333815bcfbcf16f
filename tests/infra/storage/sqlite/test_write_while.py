"""Something is prepared from the result of a transaction while its COMMIT waits for the disk."""

import asyncio
import threading

import pytest

from domain.errors import CustomerNotFound, StoreUnavailable
from infra.storage.sql.statements import rows
from tests.infra.storage.sqlite.conftest import fail_with, insert_customer


class Prepared:
    """Collects what is prepared, and calls `then` each time."""

    def __init__(self, then=None):
        self.results = []
        self._then = then

    async def __call__(self, result):
        self.results.append(result)
        if self._then is not None:
            await self._then()


class Numbered:
    """A transaction that inserts a customer, and returns a new object each time that it runs."""

    def __init__(self):
        self.results = []

    def __call__(self):
        yield from insert_customer(1)
        self.results.append([len(self.results)])
        return self.results[-1]


async def n_customers(engine):
    ((n,),) = await engine.look_up(rows, "SELECT COUNT(*) FROM customer_profiles")
    return n


async def test_the_result_is_prepared_before_it_is_committed_and_returned_afterwards(repository):
    engine, may_commit = repository.engine, threading.Event()
    n_found = []

    def hold_up_commit(statement):
        if statement == "COMMIT":
            may_commit.wait(5)

    async def look_up_and_let_commit():
        n_found.append(await n_customers(engine))
        may_commit.set()

    await engine.writer.run(lambda connection: connection.set_trace_callback(hold_up_commit))
    prepared = Prepared(look_up_and_let_commit)

    result = await engine.write_while(prepared, insert_customer, 1)

    assert (prepared.results, result, n_found, await n_customers(engine)) == ([1], 1, [0], 1)


async def test_writes_that_share_a_commit_are_prepared_after_it(repository):
    engine = repository.engine
    n_found = []

    async def look_up():
        n_found.append(await n_customers(engine))

    prepared = Prepared(look_up)
    results = await asyncio.gather(*(engine.write_while(prepared, insert_customer, number) for number in range(3)))

    assert (prepared.results, results, n_found) == ([0, 1, 2], [0, 1, 2], [3, 3, 3])


async def test_a_transaction_that_runs_anew_is_prepared_once(repository):
    transaction, prepared = Numbered(), Prepared()

    result, failed = await asyncio.gather(
        repository.engine.write_while(prepared, transaction),
        repository.engine.write(insert_customer, 2, failing="after"),
        return_exceptions=True,
    )

    assert isinstance(failed, CustomerNotFound)
    assert transaction.results == [[0], [1]]
    assert prepared.results == [result] == [[1]]


async def test_a_failed_transaction_prepares_nothing(repository):
    prepared = Prepared()

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write_while(prepared, fail_with, ZeroDivisionError())

    assert prepared.results == []


async def test_a_failed_commit_is_raised_although_its_result_was_prepared(repository):
    engine = repository.engine
    prepared = Prepared()

    def break_foreign_key():
        yield from rows("PRAGMA defer_foreign_keys=ON")
        yield from rows("INSERT INTO customer_segments (customer_id, segment) VALUES ('nobody', 'New')")

    with pytest.raises(Exception, match="FOREIGN KEY"):
        await engine.write_while(prepared, break_foreign_key)

    assert prepared.results == [None]


async def test_an_error_of_the_preparation_is_raised_after_the_write(repository):
    async def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write_while(Prepared(fail), insert_customer, 1)

    assert await n_customers(repository.engine) == 1


async def test_a_closed_storage_is_unavailable(repository):
    await repository.engine.close()

    with pytest.raises(StoreUnavailable):
        await repository.engine.write_while(Prepared(), insert_customer, 1)


async def test_a_write_completes_although_its_caller_is_cancelled_while_preparing(repository):
    is_preparing = asyncio.Event()

    async def wait():
        is_preparing.set()
        await asyncio.sleep(60)

    writing = asyncio.create_task(repository.engine.write_while(Prepared(wait), insert_customer, 1))
    await is_preparing.wait()
    writing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await n_customers(repository.engine) == 1
