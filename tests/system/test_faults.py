"""Full disk, held lock, dead process, disconnected client: clean errors, and the next request succeeds."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from urllib.parse import quote

import httpx
import pytest

from tests.fuzz.checks import LEAK, PUBLISHED
from tests.fuzz.requests import CUSTOMERS
from tests.fuzz.shop import fuzzed_shop
from tests.system.server import Server, faulty_server, serving
from tests.system.test_crash import lost_and_incomplete

pytestmark = pytest.mark.system

BUY = "/recommendations/process-purchase"
ORDER = {"customer_id": "c-1", "items": [{"product_id": "p-1"}, {"product_id": "p-2"}]}


@pytest.fixture
async def shop(database):
    async with fuzzed_shop(database):
        pass
    return database


def assert_unavailable(answer, slug):
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == f"urn:problem:{slug}"
    assert answer.headers["retry-after"]
    assert slug in PUBLISHED
    assert not LEAK.search(b"".join([answer.content, *(value for _, value in answer.headers.raw)]))


def assert_lists_are_given(client):
    """Check that lists which are not stored yet are given at once."""
    for customer_id in CUSTOMERS:
        for query in ("", "?limit=50", "?category=home"):
            started = time.monotonic()
            answer = client.get(f"/recommendations/{quote(customer_id, safe='')}{query}")
            assert answer.status_code == 200
            assert time.monotonic() - started < 1


def stored_orders(database):
    """Return the ids of the stored orders."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {order_id for (order_id,) in connection.execute("SELECT order_id FROM purchase_history")}


# For SQLite, a file that would exceed this limit is the same fault as a full disk.
LIMIT_FILE_SIZE = """
import os, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ["MAX_BODY_BYTES"]), resource.RLIM_INFINITY))
"""


def test_a_full_disk_is_503_and_nothing_acknowledged_is_lost(shop, tmp_path):
    acknowledged = 0
    with (
        serving(shop, command=faulty_server(tmp_path, LIMIT_FILE_SIZE), MAX_BODY_BYTES="600000") as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        while (answer := client.post(BUY, json=ORDER)).status_code == 201:
            acknowledged += 1
        assert_unavailable(answer, "store-unavailable")
        # A smaller transaction may still fit.
        answers = (client.post("/customer/create", json={}) for _ in range(1000))
        assert_unavailable(next(answer for answer in answers if answer.status_code != 201), "store-unavailable")
        assert client.get("/health").status_code == 200
        assert_lists_are_given(client)
        # A single page may still fit, so the first attempts may succeed.
        until = time.monotonic() + 20
        while (ready := client.get("/ready").json())["writes"] and time.monotonic() < until:
            time.sleep(0.3)
        assert ready == {"status": "ok", "writes": False}
        assert "The storage accepts no writes" in server.output()
    before = len(stored_orders(shop))
    with serving(shop) as server:
        assert httpx.post(f"{server.url}{BUY}", json=ORDER).status_code == 201

    assert acknowledged > 5
    # A lack of space decides between COMMIT and its answer, so the order of the first refused request may be stored.
    assert acknowledged <= before <= acknowledged + 1
    assert len(stored_orders(shop)) == before + 1


def test_a_lock_that_is_held_for_seven_seconds_is_503_and_the_next_request_succeeds(shop):
    with serving(shop) as server:
        locked = threading.Event()

        def hold_lock():
            with closing(sqlite3.connect(shop, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                locked.set()
                time.sleep(7)
                other.execute("ROLLBACK")

        holder = threading.Thread(target=hold_lock)
        holder.start()
        locked.wait()
        with httpx.Client(base_url=server.url, timeout=20) as client:
            assert_lists_are_given(client)
        answer = httpx.post(f"{server.url}{BUY}", json=ORDER, timeout=20)
        second = httpx.post(f"{server.url}{BUY}", json=ORDER, timeout=20)
        holder.join()

    assert_unavailable(answer, "store-busy")
    assert second.status_code == 201
    assert len(stored_orders(shop)) == 1


def workers_of(server):
    listed = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True)
    return [int(line) for line in listed.stdout.split()]


def test_a_worker_that_dies_is_replaced(shop):
    with serving(shop, WORKERS="2") as server:
        before = workers_of(server)
        os.kill(before[-1], signal.SIGKILL)
        until = time.monotonic() + 20
        while len(set(workers_of(server)) - set(before)) < 1 and time.monotonic() < until:
            time.sleep(0.1)
        server.await_health()

        assert set(workers_of(server)) - set(before)
        assert [httpx.post(f"{server.url}{BUY}", json=ORDER).status_code for _ in range(10)] == [201] * 10


def test_clients_that_disconnect_during_a_request_do_no_harm(shop):
    head = f"POST {BUY} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 95\r\n\r\n"
    body = b'{"customer_id":"c-1","items":[{"product_id":"p-1"},{"product_id":"p-2"}]}'.ljust(95)
    with serving(shop) as server:
        # During the head, during the body, and before the answer.
        for sent in (head[:40].encode(), head.encode() + body[:20], head.encode() + body):
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    connection.sendall(sent)
        assert httpx.post(f"{server.url}{BUY}", json=ORDER).status_code == 201

    # An order that was sent completely may be stored, and then completely.
    assert 1 <= len(stored_orders(shop)) <= 11
    assert lost_and_incomplete(f"sqlite:///{shop}", []) == (0, 0)


def test_a_server_that_stops_answers_the_requests_that_it_has_accepted(shop):
    server = Server(shop, WORKERS="2")
    server.await_health()
    answered, refused, cut_off, stop = [], [], [], threading.Event()

    def buy(number):
        with httpx.Client(base_url=server.url, timeout=10) as client:
            while not stop.is_set():
                order_id = f"o-{number}-{len(answered)}"
                try:
                    answer = client.post(BUY, json=ORDER | {"order_id": order_id})
                    answered.append((order_id, answer.status_code))
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    refused.append(order_id)
                    return
                except httpx.TransportError:
                    cut_off.append(order_id)
                    return

    buyers = [threading.Thread(target=buy, args=(number,)) for number in range(8)]
    for buyer in buyers:
        buyer.start()
    time.sleep(1.5)
    started = time.monotonic()
    code = server.stop()
    seconds = time.monotonic() - started
    stop.set()
    for buyer in buyers:
        buyer.join()

    assert (code, seconds < 5) == (0, True)
    assert len(answered) > 20
    assert {status for _, status in answered} == {201}
    # A stopping server does not accept a request that is still on its way: none of it is stored.
    assert stored_orders(shop).isdisjoint(cut_off)
    assert lost_and_incomplete(f"sqlite:///{shop}", [order_id for order_id, _ in answered]) == (0, 0)
