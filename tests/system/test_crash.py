"""`kill -9` under load: nothing acknowledged is lost, and no order is incomplete.

The check is trusted because it finds a planted fault: a server that acknowledges before it stores.
"""

import sqlite3
import sys
import threading
import time
from contextlib import closing

import httpx
import pytest

from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres
from tests.system.server import Server, faulty_server

pytestmark = pytest.mark.system

ROUNDS = 5
WRITERS = 4
SECONDS = 0.6
MIN_ORDERS = 21
PATIENCE_SECONDS = 20


@pytest.fixture
async def database(database_url, now):
    await fill(database_url, now=now)
    return database_url


async def fill(url, *, now, **settings):
    async with open_repository(Settings(database_url=url, **settings)) as repository:
        await repository.put_products([ProductChange(product_id=f"p-{n}", price=1.0) for n in range(20)], now=now)


def send_orders(server, writer, acknowledged, stop):
    """Send orders of two products until `stop` is set; append the id of every acknowledged order."""
    with httpx.Client(base_url=server.url, timeout=5) as client:
        # Each server has its own customers, since a customer with the orders of a hundred rounds is slow to serve.
        customer_id = f"c-{server.port}-{writer}"
        client.post("/customer/create", json={"customer_id": customer_id})
        number = 0
        while not stop.is_set():
            order_id = f"{server.port}-{writer}-{number}"
            items = [{"product_id": f"p-{number % 20}"}, {"product_id": f"p-{(number + 1) % 20}"}]
            try:
                answer = client.post(
                    "/recommendations/process-purchase",
                    json={"customer_id": customer_id, "order_id": order_id, "items": items},
                )
            except httpx.TransportError:
                return
            if answer.status_code == 201:
                acknowledged.append(order_id)
            number += 1


def interrupt_under_load(server, interrupt):
    """Send orders from several writers, interrupt them, and return the acknowledged ones.

    The interruption waits for `MIN_ORDERS` orders, however slow the machine is.
    """
    acknowledged, stop = [], threading.Event()
    writers = [threading.Thread(target=send_orders, args=(server, n, acknowledged, stop)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(SECONDS)
    until = time.monotonic() + PATIENCE_SECONDS
    while len(acknowledged) < MIN_ORDERS and time.monotonic() < until:
        time.sleep(0.01)
    interrupt()
    stop.set()
    for writer in writers:
        writer.join()
    return acknowledged


def lost_and_incomplete(url, acknowledged):
    """Count the acknowledged orders that are not stored, and the stored orders that lack an item."""
    query = "SELECT order_id, COUNT(*) FROM purchase_history GROUP BY order_id"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            n_items = dict(connection.execute(query))
    else:
        n_items = dict(postgres.query(url, query))
    return len(set(acknowledged) - n_items.keys()), sum(n != 2 for n in n_items.values())


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(database):
    acknowledged = []
    for _ in range(ROUNDS):
        server = Server(database, WORKERS="2")
        server.await_health()
        acknowledged += interrupt_under_load(server, server.kill)

    assert len(acknowledged) >= MIN_ORDERS * ROUNDS
    assert lost_and_incomplete(database, acknowledged) == (0, 0)


ACKNOWLEDGE_BEFORE_STORING = """
import asyncio
from infra.storage.sql.repository import SqlRepository
from domain.ports.repository import Recorded
from domain.records.interactions import count_events

record = SqlRepository.record_while

async def ignore(recorded):
    pass

async def acknowledged_before_it_is_stored(self, prepare, events, *, now, create_products=False):
    async def record_later():
        await asyncio.sleep(1.0)
        await record(self, ignore, events, now=now)
    self.pending = [*getattr(self, "pending", []), asyncio.create_task(record_later())]
    return Recorded(accepted=count_events(events), seen_before=count_events([]), state=None)

SqlRepository.record_while = acknowledged_before_it_is_stored
"""


def test_the_check_finds_a_server_that_acknowledges_before_it_stores(database, tmp_path):
    server = Server(database, command=faulty_server(tmp_path, ACKNOWLEDGE_BEFORE_STORING))
    server.await_health()
    acknowledged = interrupt_under_load(server, server.kill)

    lost, _ = lost_and_incomplete(database, acknowledged)
    assert acknowledged
    assert lost > 0


@pytest.mark.slow
def test_none_of_50_000_orders_is_lost_in_a_hundred_rounds(database, monkeypatch):
    for name, value in {"ROUNDS": 100, "MIN_ORDERS": 500, "PATIENCE_SECONDS": 120}.items():
        monkeypatch.setattr(sys.modules[__name__], name, value)

    test_nothing_acknowledged_is_lost_when_the_server_is_killed(database)
