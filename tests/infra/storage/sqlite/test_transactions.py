"""A transaction is stored as a whole or not at all, and does not affect other transactions."""

import asyncio
import sqlite3
import threading
from contextlib import suppress

import pytest

from domain.errors import CustomerNotFound
from domain.records.customers import CustomerChange, NewCustomer
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from infra.storage.sql.statements import rows
from infra.storage.sqlite import dialect
from infra.storage.sqlite.scrubbing import Scrub
from tests.infra.storage.sqlite.conftest import insert_customer


async def test_a_failed_transaction_changes_nothing(repository):
    def insert_and_fail():
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-1', 0, 0)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write(insert_and_fail)
    with pytest.raises(CustomerNotFound):
        await repository.profile("c-1")


async def test_a_transaction_that_sqlite_rolled_back_is_not_rolled_back_again(repository, now):
    def roll_back_and_fail():
        yield from rows("ROLLBACK")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write(roll_back_and_fail)
    await repository.create_customer(NewCustomer(), now=now)


async def test_a_write_completes_although_its_caller_is_cancelled(repository, now):
    writing = asyncio.create_task(repository.create_customer(NewCustomer(customer_id="c-1"), now=now))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    # The writer runs one transaction after the other.
    await repository.create_customer(NewCustomer(customer_id="c-2"), now=now)
    assert (await repository.profile("c-1")).customer.customer_id == "c-1"


async def test_a_scrub_keeps_the_writer_although_its_caller_is_cancelled(repository, monkeypatch):
    has_begun, may_end = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def wait_in_scrub(*_, **__):
        loop.call_soon_threadsafe(has_begun.set)
        return may_end.wait(5)

    monkeypatch.setattr(Scrub, "clean_some", wait_in_scrub)
    scrubbing = asyncio.create_task(repository.engine.scrub())
    await has_begun.wait()
    scrubbing.cancel()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), repository.engine.lend_writer():
            pass
    may_end.set()
    assert await repository.engine.write(insert_customer, 1) == 1


async def n_lost_orders(repository, *, now, attempt=0):
    """Send orders at the same time, half of them of an unknown product; return how many acknowledged orders are missing."""
    await repository.put_customers([CustomerChange(customer_id="c-1")], now=now)
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    orders = [
        Purchase(customer_id="c-1", order_id=f"o-{attempt}-{n}", items=(OrderItem(product_id=f"p-{n % 2}"),))
        for n in range(64)
    ]

    async def send(number, order):
        await asyncio.sleep(number / 3000)
        return await repository.record([order], now=now)

    outcomes = await asyncio.gather(*(send(n, order) for n, order in enumerate(orders)), return_exceptions=True)
    acknowledged = {
        order.order_id for order, outcome in zip(orders, outcomes, strict=True) if not isinstance(outcome, Exception)
    }
    stored = {row[0] for row in await repository.engine.look_up(rows, "SELECT order_id FROM purchase_history")}
    assert acknowledged
    return len(acknowledged - stored)


async def test_a_failed_transaction_does_not_undo_another(repository, now):
    assert await n_lost_orders(repository, now=now) == 0


async def test_the_check_finds_transactions_that_share_a_connection(repository, now, monkeypatch):
    writer = repository.engine.writer

    async def write_statement_by_statement(transaction, *arguments, **named):
        steps = transaction(*arguments, **named)
        with suppress(sqlite3.OperationalError):
            await writer.inner.execute("BEGIN")
        try:
            statement = next(steps)
            while True:
                statement = steps.send(await writer.run(dialect.execute, statement))
        except StopIteration as stop:
            await writer.inner.commit()
            return stop.value
        except Exception:
            await writer.inner.rollback()
            raise

    monkeypatch.setattr(repository.engine, "write", write_statement_by_statement)

    # Whether two transactions meet is random, so this takes several attempts.
    assert any([await n_lost_orders(repository, now=now, attempt=attempt) for attempt in range(12)])
