"""A PostgreSQL server that fails: nothing acknowledged is lost, and the shop recovers without a restart."""

import asyncio
import shutil
import subprocess
import time
from contextlib import contextmanager

import httpx
import pytest

from domain.errors import ConfigurationError
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
            answer = httpx.get(f"{server.url}/health")
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:problem:store-unavailable")
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
    url = own_server.url.replace("postgres:@", "keeper:wrong@")

    with pytest.raises(ConfigurationError, match='password authentication failed for user "keeper"') as caught:
        async with open_repository(Settings(database_url=url)):
            pass
    assert "wrong" not in str(caught.value)


def test_an_unreachable_database_at_the_start_is_a_clear_error_without_traceback(own_server):
    own_server.stop_at_once()
    server = Server(own_server.url)
    code = server.process.wait(timeout=20)
    output = server.output()
    server.kill()
    own_server.start()

    assert code == 1
    assert "cannot be used" in output
    assert "Traceback" not in output


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
