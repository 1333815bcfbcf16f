"""A PostgreSQL server that fails: nothing acknowledged is lost, and the shop recovers without a restart."""

import asyncio
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress

import asyncpg
import httpx
import pytest

from domain.errors import ConfigurationError, StoreBusy
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres
from tests.system.server import Server, free_port, serving
from tests.system.test_crash import MIN_ORDERS, fill, interrupt_under_load, lost_and_incomplete

pytestmark = pytest.mark.system

ROUNDS = 20


@pytest.fixture
def own_server(tmp_path):
    server = postgres.OwnServer(tmp_path / "postgres")
    yield server
    server.stop_at_once()


def test_nothing_acknowledged_is_lost_when_the_database_dies_under_load(own_server, now):
    asyncio.run(fill(own_server.url, now=now))
    acknowledged = []
    with serving(own_server.url, WORKERS="2") as server:
        for _ in range(ROUNDS):
            before = len(acknowledged)
            acknowledged += interrupt_under_load(server, own_server.stop_at_once)
            # Checks of the last half a second share one look at the database.
            answer = await_status(f"{server.url}/health", 503)
            assert answer.json()["type"] == "urn:problem:store-unavailable"
            assert answer.headers["retry-after"]
            own_server.start()
            server.await_health()
            assert len(acknowledged) >= before + MIN_ORDERS

    assert lost_and_incomplete(own_server.url, acknowledged) == (0, 0)


async def test_a_wrong_password_is_a_clear_error_without_the_password(own_server):
    await postgres.run_on(own_server.url, "CREATE ROLE keeper LOGIN PASSWORD 'right'")
    rules = own_server.folder / "pg_hba.conf"
    rules.write_text("local all keeper scram-sha-256\n" + rules.read_text())
    own_server.reload()
    url = own_server.url.replace("postgres:@", "keeper:canary-secret@")

    with pytest.raises(ConfigurationError, match="the user or the password is wrong") as caught:
        async with open_repository(Settings(database_url=url)):
            pass
    assert "canary-secret" not in str(caught.value)


def await_status(url, status, *, seconds=20):
    """Wait until a URL answers with a status; return the last answer."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            if (answer := httpx.get(url, timeout=10)).status_code == status:
                return answer
        time.sleep(0.05)
    raise TimeoutError


def test_a_server_that_starts_while_the_database_is_away_waits_for_it_and_says_so(own_server):
    own_server.stop_at_once()
    server = Server(own_server.url, TRAIN_AFTER_EVENTS="1")
    try:
        await_status(f"{server.url}/live", 200)
        started = time.monotonic()
        answers = [httpx.get(f"{server.url}{path}", timeout=10) for path in ("/ready", "/recommendations/c-1")]
        waited = time.monotonic() - started
        own_server.start()
        await_status(f"{server.url}/ready", 200)
        created = httpx.post(f"{server.url}/customer/create", json={"customer_id": "c-1"})
        output = server.output()
        code = server.stop()
    finally:
        server.kill()

    assert {(answer.status_code, answer.json()["type"]) for answer in answers} == {(503, "urn:problem:store-unavailable")}
    assert "detail" not in answers[0].json()
    assert waited < 2
    assert created.status_code == 201
    assert "cannot be used" in output
    assert "The shop waits for it." in output
    assert "Traceback" not in output
    assert code == 0


def test_the_demo_shop_needs_a_database_at_the_start(own_server):
    own_server.stop_at_once()
    server = Server(own_server.url, "--demo")
    code = server.process.wait(timeout=30)
    output = server.output()
    server.kill()
    own_server.start()

    assert code == 1
    assert "cannot be used" in output
    assert "Traceback" not in output


async def test_writes_that_wait_for_one_customer_keep_neither_reads_nor_others_waiting(own_server, now):
    async with open_repository(Settings(database_url=own_server.url)) as repository:
        await repository.put_products([ProductChange(product_id="p-1")], now=now)
        for customer_id in ("locked", "other"):
            await repository.create_customer(NewCustomer(customer_id=customer_id), now=now)
        holder = await asyncpg.connect(own_server.url)
        await holder.execute("BEGIN")
        await holder.execute("UPDATE customer_profiles SET version = version WHERE customer_id = 'locked'")
        waiting = [
            asyncio.create_task(repository.record([BrowsingEvent(customer_id="locked", product_id="p-1")], now=now))
            for _ in range(20)
        ]
        await asyncio.sleep(0.2)
        reads = [await seconds_of(repository.customer_state("locked")) for _ in range(10)]
        writes = [
            await seconds_of(repository.record([BrowsingEvent(customer_id="other", product_id="p-1")], now=now))
            for _ in range(2)
        ]
        await holder.close()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert max(reads) < 0.5
    assert max(writes) < 4
    assert all(not isinstance(outcome, Exception) or isinstance(outcome, StoreBusy) for outcome in outcomes)
    assert any(not isinstance(outcome, Exception) for outcome in outcomes)


async def seconds_of(work):
    started = time.monotonic()
    await work
    return time.monotonic() - started


@contextmanager
def pooled(own_server, folder):
    """Run PgBouncer in front of a server; each transaction may use another connection."""
    port = free_port()
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    socket_folder = own_server.folder
    (folder / "users.txt").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={socket_folder}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        "default_pool_size = 3\nmax_client_conn = 200\nserver_round_robin = 1\n"
    )
    pooler = subprocess.Popen(
        [shutil.which("pgbouncer"), "-q", str(folder / "pgbouncer.ini")],
        user=own_server.user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(0.5)
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        pooler.terminate()
        pooler.wait()


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed")
def test_the_shop_works_behind_a_pooler_in_transaction_mode(own_server, tmp_path, now):
    with pooled(own_server, tmp_path / "pooler") as url:
        asyncio.run(fill(url, now=now, database_statement_cache_size=0))
        with serving(url, DATABASE_STATEMENT_CACHE_SIZE="0", WORKERS="2") as server:
            acknowledged = interrupt_under_load(server, lambda: None)
            # The buyers may have bought every product, which leaves none to recommend.
            httpx.post(f"{server.url}/customer/create", json={"customer_id": "newcomer"}).raise_for_status()
            recommendations = httpx.get(f"{server.url}/recommendations/newcomer").json()

    assert len(acknowledged) >= MIN_ORDERS
    assert lost_and_incomplete(own_server.url, acknowledged) == (0, 0)
    assert recommendations["items"]
