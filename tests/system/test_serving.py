"""The real server under normal and hostile requests."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from tests.fuzz.checks import LEAK
from tests.system.server import ROOT, Server, free_port, serving

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("demo") / "shop.db", "--demo") as server:
        yield server


def test_the_demo_shop_is_served_within_ten_seconds(tmp_path):
    started = time.monotonic()

    with serving(tmp_path / "shop.db", "--demo") as server:
        answer = httpx.get(f"{server.url}/recommendations/demo-1")

    assert time.monotonic() - started < 10
    assert answer.json()["strategy"] == "personalised"


def test_the_server_stops_cleanly_on_sigterm(tmp_path):
    server = Server(tmp_path / "shop.db")
    server.await_health()

    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 5


def test_several_workers_start_on_one_database(tmp_path):
    with serving(tmp_path / "shop.db", WORKERS="3") as server, ThreadPoolExecutor(8) as pool:
        codes = list(
            pool.map(
                lambda n: httpx.post(f"{server.url}/customer/create", json={"customer_id": f"c-{n}"}).status_code,
                range(40),
            )
        )

    assert codes == [201] * 40


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: (folder / "shop.db").write_text("no database " * 99), "not a database"),
        (lambda folder: (folder / "shop.db").mkdir(), "cannot be used"),
    ],
    ids=["other-file", "folder"],
)
def test_an_unusable_database_is_a_one_line_error(tmp_path, prepare, message):
    prepare(tmp_path)
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db", "LOG_LEVEL": "ERROR"}

    completed = subprocess.run(
        [sys.executable, "main.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert completed.returncode != 0
    assert message in completed.stderr
    assert completed.stderr.count("\n") == 1


def listening_everywhere(tmp_path, port):
    return os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db", "HOST": "0.0.0.0", "PORT": str(port)}


def test_without_keys_the_server_does_not_start_on_a_public_address(tmp_path):
    environment = listening_everywhere(tmp_path, free_port())

    completed = subprocess.run(
        [sys.executable, "main.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert (completed.returncode, completed.stdout) == (1, "")
    assert "only on a loopback address, not on 0.0.0.0" in completed.stderr


def test_without_keys_the_application_refuses_requests_under_another_server_on_a_public_address(tmp_path):
    port = free_port()
    command = ["granian", "--interface", "asgi", "--no-ws", "--host", "0.0.0.0", "main:app"]
    server = subprocess.Popen(
        [sys.executable, "-m", *command, "--port", str(port)],
        cwd=ROOT, env=listening_everywhere(tmp_path, port),
    )  # fmt: skip
    try:
        until = time.monotonic() + 30
        while True:
            with suppress(httpx.TransportError):
                answer = httpx.get(f"http://127.0.0.1:{port}/recommendations/c-1", headers={"host": "127.0.0.1"})
                break
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        server.terminate()
        server.wait()

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:store-unavailable")


def exchange(server, sent, *, seconds=8.0):
    """Send bytes and return all that the server sends until it closes the connection or the time is over."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except (TimeoutError, ConnectionResetError):
            pass
        return received


POST = b"POST /customer/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"


def test_a_declared_length_above_the_limit_is_refused_at_once(demo):
    started = time.monotonic()

    answer = exchange(demo, POST + b"Content-Length: 11534336\r\n\r\n{}", seconds=2)

    assert b" 413 " in answer.split(b"\r\n")[0]
    assert time.monotonic() - started < 3


def test_a_body_that_does_not_arrive_is_refused_after_five_seconds(demo):
    started = time.monotonic()

    answer = exchange(demo, POST + b"Content-Length: 10\r\n\r\n{}")

    assert b" 408 " in answer.split(b"\r\n")[0]
    assert 4.5 < time.monotonic() - started < 9


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        POST + b"Content-Length: -1\r\n\r\n{}",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"FOO /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + b"X-A: b\r\n" * 500 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-A: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
    ids=["length-and-chunks", "two-lengths", "negative-length", "tls", "method", "many-headers", "long-header"],
)
def test_malformed_http_does_no_harm(demo, sent):
    answer = exchange(demo, sent, seconds=2)

    assert b" 5" not in answer.split(b"\r\n")[0][:14]
    assert not LEAK.search(answer)
    assert httpx.get(f"{demo.url}/health").status_code == 200


def test_a_running_server_answers_during_an_import_and_uses_the_new_model(tmp_path):
    (tmp_path / "products.csv").write_text("product_id\n" + "\n".join(f"p-{n}" for n in range(200)))
    lines = (f"c-{n % 500},p-{n * 7 % 200},view,2026-01-{n % 28 + 1:02}" for n in range(60_000))
    (tmp_path / "events.csv").write_text("customer_id,product_id,event_type,occurred_at\n" + "\n".join(lines))
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db", "LOG_LEVEL": "ERROR"}

    def start_import(*arguments):
        return subprocess.Popen(
            [sys.executable, "main.py", "import", *arguments],
            cwd=ROOT,
            env=environment,
        )

    assert start_import("products", str(tmp_path / "products.csv"), "--no-train").wait() == 0
    with serving(tmp_path / "shop.db") as server, httpx.Client(base_url=server.url) as client:
        client.post("/customer/create", json={"customer_id": "buyer"})
        import_process = start_import("events", str(tmp_path / "events.csv"))
        seconds = []
        while import_process.poll() is None:
            started = time.monotonic()
            answer = client.post("/recommendations/process-browsing", json={"customer_id": "buyer", "product_id": "p-1"})
            seconds.append(time.monotonic() - started)
            assert answer.status_code == 201
            time.sleep(0.005)
        assert import_process.returncode == 0
        health = client.get("/health").json()
        views = client.get("/customer/get-profile/buyer").json()["activity"]["views"]

    assert health["model"]["model_id"] != "untrained"
    assert health["events"] == 60_000 + len(seconds)
    assert views == len(seconds) > 20


def test_the_server_trains_in_the_background_after_enough_events(tmp_path):
    (tmp_path / "products.csv").write_text("product_id\np-1\n")
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.db"}
    subprocess.run(
        [sys.executable, "main.py", "import", "products", str(tmp_path / "products.csv"), "--no-train"],
        cwd=ROOT, env=environment, check=True, capture_output=True,
    )  # fmt: skip

    with serving(tmp_path / "shop.db", TRAIN_AFTER_EVENTS="3") as server:
        httpx.post(f"{server.url}/customer/create", json={"customer_id": "c-1"})
        for _ in range(3):
            httpx.post(f"{server.url}/recommendations/process-browsing", json={"customer_id": "c-1", "product_id": "p-1"})
        until = time.monotonic() + 20
        while httpx.get(f"{server.url}/health").json()["model"]["model_id"] == "untrained":
            assert time.monotonic() < until
            time.sleep(0.2)


async def test_no_list_is_stale_after_an_acknowledged_event(demo):
    async with httpx.AsyncClient(base_url=demo.url) as client:

        async def read_lists(stop):
            while not stop.is_set():
                await client.get("/recommendations/demo-7?limit=100")

        stop = asyncio.Event()
        readers = [asyncio.create_task(read_lists(stop)) for _ in range(4)]
        for _ in range(30):
            before = (await client.get("/recommendations/demo-7?limit=100")).json()
            product_id = before["items"][0]["product_id"]
            order = {"customer_id": "demo-7", "items": [{"product_id": product_id}]}
            assert (await client.post("/recommendations/process-purchase", json=order)).status_code == 201
            after = (await client.get("/recommendations/demo-7?limit=100")).json()
            assert product_id not in {item["product_id"] for item in after["items"]}
        stop.set()
        await asyncio.gather(*readers)
