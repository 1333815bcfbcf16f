"""A transaction: all of it or nothing, and no other with it."""

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
from tests.infra.storage.sqlite.conftest import written


async def test_a_failed_transaction_changes_nothing(repository):
    def half():
        yield from rows("INSERT INTO customer_profiles (customer_id, created_at, version) VALUES ('c-1', 0, 0)")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write(half)
    with pytest.raises(CustomerNotFound):
        await repository.profile("c-1")


async def test_a_transaction_that_sqlite_has_rolled_back_itself_is_not_rolled_back_again(repository, now):
    def full():
        yield from rows("ROLLBACK")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await repository.engine.write(full)
    await repository.create_customer(NewCustomer(), now=now)


async def test_a_caller_that_goes_away_does_not_stop_a_write(repository, now):
    writing = asyncio.create_task(repository.create_customer(NewCustomer(customer_id="c-1"), now=now))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    # The writer works off one transaction after the other.
    await repository.create_customer(NewCustomer(customer_id="c-2"), now=now)
    assert (await repository.profile("c-1")).customer.customer_id == "c-1"


async def test_a_scrub_whose_caller_left_keeps_its_turn(repository):
    engine, may_go = repository.engine, threading.Event()
    engine._transactions.truncate = lambda *_: may_go.wait(5)
    scrubbing = asyncio.create_task(engine.scrub())
    await asyncio.sleep(0.01)
    scrubbing.cancel()
    await asyncio.sleep(0.01)

    assert engine._writing.locked()
    may_go.set()
    assert await engine.write(written, 1) == 1


async def lost_at_once(repository, *, now, attempt=0):
    """Send orders at once, half of them of a product that is not there; return the acknowledged ones that are lost."""
    await repository.put_customers([CustomerChange(customer_id="c-1")], now=now)
    await repository.put_products([ProductChange(product_id="p-1")], now=now)
    orders = [
        Purchase(customer_id="c-1", order_id=f"o-{attempt}-{n}", items=(OrderItem(product_id=f"p-{n % 2}"),))
        for n in range(64)
    ]

    async def send(number, order):
        await asyncio.sleep(number / 3000)
        return await repository.record([order], now=now)

    outcomes = await asyncio.gather(*(send(*one) for one in enumerate(orders)), return_exceptions=True)
    acknowledged = {order.order_id for order, one in zip(orders, outcomes, strict=True) if not isinstance(one, Exception)}
    assert acknowledged
    return acknowledged - {row[0] for row in await repository.engine.look_up(rows, "SELECT order_id FROM purchase_history")}


async def test_a_transaction_that_fails_takes_no_other_with_it(repository, now):
    assert await lost_at_once(repository, now=now) == set()


async def test_the_check_finds_transactions_that_share_a_connection(repository, now, monkeypatch):
    engine = repository.engine

    async def write_step_by_step(transaction, *arguments, **named):
        steps = transaction(*arguments, **named)
        with suppress(sqlite3.OperationalError):
            await engine._writer._inner.execute("BEGIN")
        try:
            statement = next(steps)
            while True:
                statement = steps.send(await engine._writer.run(dialect._executed, statement))
        except StopIteration as done:
            await engine._writer._inner.commit()
            return done.value
        except Exception:
            await engine._writer._inner.rollback()
            raise

    monkeypatch.setattr(engine, "write", write_step_by_step)

    # Whether two meet is left to chance, so it gets several.
    assert any([await lost_at_once(repository, now=now, attempt=attempt) for attempt in range(12)])
