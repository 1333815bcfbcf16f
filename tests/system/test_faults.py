"""The disk is full, the lock held, a process dead, the client gone: clean answers, and the next request is fine."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing

import httpx
import pytest

from tests.fuzz.checks import LEAK, PUBLISHED
from tests.fuzz.shop import fuzzed_shop
from tests.system.server import Server, planted, serving
from tests.system.test_crash import lost_and_halved

pytestmark = pytest.mark.system

BUY = "/recommendations/process-purchase"
AN_ORDER = {"customer_id": "c-1", "items": [{"product_id": "p-1"}, {"product_id": "p-2"}]}


@pytest.fixture
async def shop(database):
    async with fuzzed_shop(database):
        pass
    return database


def assert_clean(answer, slug):
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == f"urn:problem:{slug}"
    assert answer.headers["retry-after"]
    assert slug in PUBLISHED
    assert not LEAK.search(b"".join([answer.content, *(value for _, value in answer.headers.raw)]))


def recorded(database):
    """Return the ids of the orders that are there."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {order_id for (order_id,) in connection.execute("SELECT order_id FROM purchase_history")}


# SQLite meets this as it meets a full disk, when a file would grow beyond it.
FULL = """
import os, resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(os.environ["MAX_BODY_BYTES"]), resource.RLIM_INFINITY))
"""


def test_a_full_disk_is_503_and_loses_nothing_that_was_acknowledged(shop, tmp_path):
    acknowledged = 0
    with (
        serving(shop, command=planted(tmp_path, FULL), MAX_BODY_BYTES="600000") as server,
        httpx.Client(base_url=server.url, timeout=20) as client,
    ):
        while (answer := client.post(BUY, json=AN_ORDER)).status_code == 201:
            acknowledged += 1
        assert_clean(answer, "store-unavailable")
        assert_clean(client.post("/customer/create", json={}), "store-unavailable")
        assert client.get("/health").status_code == 200
    before = len(recorded(shop))
    with serving(shop) as server:
        assert httpx.post(f"{server.url}{BUY}", json=AN_ORDER).status_code == 201

    assert acknowledged > 5
    # The one that met the full disk may be there: its order was stored, its list could not be.
    assert acknowledged <= before <= acknowledged + 1
    assert len(recorded(shop)) == before + 1


def test_a_lock_that_is_held_for_seven_seconds_is_503_in_time_and_then_fine(shop):
    with serving(shop) as server:
        taken = threading.Event()

        def hold():
            with closing(sqlite3.connect(shop, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                taken.set()
                time.sleep(7)
                other.execute("ROLLBACK")

        holding = threading.Thread(target=hold)
        holding.start()
        taken.wait()
        answer = httpx.post(f"{server.url}{BUY}", json=AN_ORDER, timeout=20)
        second = httpx.post(f"{server.url}{BUY}", json=AN_ORDER, timeout=20)
        holding.join()

    assert_clean(answer, "store-busy")
    assert second.status_code == 201
    assert len(recorded(shop)) == 1


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
        assert [httpx.post(f"{server.url}{BUY}", json=AN_ORDER).status_code for _ in range(10)] == [201] * 10


def test_clients_that_go_away_in_the_middle_harm_nobody(shop):
    head = f"POST {BUY} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 95\r\n\r\n"
    body = b'{"customer_id":"c-1","items":[{"product_id":"p-1"},{"product_id":"p-2"}]}'.ljust(95)
    with serving(shop) as server:
        # In the head, in the body, and before the answer.
        for sent in (head[:40].encode(), head.encode() + body[:20], head.encode() + body):
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    connection.sendall(sent)
        assert httpx.post(f"{server.url}{BUY}", json=AN_ORDER).status_code == 201

    # What was sent whole may be recorded, and then it is recorded whole.
    assert 1 <= len(recorded(shop)) <= 11
    assert lost_and_halved(f"sqlite:///{shop}", []) == (0, 0)


def test_a_server_that_is_told_to_stop_answers_what_it_has_accepted(shop):
    server = Server(shop, WORKERS="2")
    server.await_health()
    answered, refused, cut_off, stop = [], [], [], threading.Event()

    def buying(number):
        with httpx.Client(base_url=server.url, timeout=10) as client:
            while not stop.is_set():
                order_id = f"o-{number}-{len(answered)}"
                try:
                    answer = client.post(BUY, json=AN_ORDER | {"order_id": order_id})
                    answered.append((order_id, answer.status_code))
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    refused.append(order_id)
                    return
                except httpx.TransportError:
                    cut_off.append(order_id)
                    return

    buyers = [threading.Thread(target=buying, args=(number,)) for number in range(8)]
    for buyer in buyers:
        buyer.start()
    time.sleep(1.5)
    began = time.monotonic()
    code = server.stop()
    took = time.monotonic() - began
    stop.set()
    for buyer in buyers:
        buyer.join()

    assert (code, took < 5) == (0, True)
    assert len(answered) > 20
    assert {status for _, status in answered} == {201}
    # A request that was under way to a server that is busy stopping is not accepted: nothing of it is recorded.
    assert recorded(shop).isdisjoint(cut_off)
    assert lost_and_halved(f"sqlite:///{shop}", [order_id for order_id, _ in answered]) == (0, 0)
