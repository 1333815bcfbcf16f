"""Rate limits by key and by address: what counts, whom it does not concern, and that it holds over several processes."""

import gc
import os
import subprocess
import sys
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

import main
from infra.http import auth
from infra.http.addresses import client_address
from infra.http.app import create_app
from infra.http.openapi import documentation
from infra.http.rate_limit import Arrivals, RateLimit, shared_path
from infra.keys import hash_of
from infra.settings import Settings
from tests.conftest import running

KEYS = {"backend": "b" * 43, "storefront": "s" * 43}
API_KEYS = ",".join(f"{scope}:{hash_of(key)}" for scope, key in KEYS.items())
VALID = {"authorization": f"Bearer {KEYS['backend']}"}
WRONG = {"authorization": f"Bearer {'x' * 43}"}


def test_a_rate_limit_allows_a_burst_per_second_for_each_sender():
    now = [100.0]
    limit = RateLimit(3, clock=lambda: now[0])

    burst = [limit.allow(b"one") for _ in range(5)]
    other = limit.allow(b"other")
    now[0] += 1 / 3
    later = [limit.allow(b"one") for _ in range(2)]
    now[0] += 60
    after_a_minute = [limit.allow(b"one") for _ in range(5)]

    assert burst == [True, True, True, False, False]
    assert other
    assert later == [True, False]
    assert after_a_minute == burst


def test_a_rate_limit_of_0_allows_every_request():
    limit = RateLimit(0)

    assert all(limit.allow(b"key") for _ in range(1000))


@pytest.mark.parametrize("per_second", [200, 299, 300, 1000])
def test_a_high_limit_is_exact_at_one_moment_over_all_processes(tmp_path, per_second):
    processes = [RateLimit(per_second, arrivals=Arrivals(tmp_path / "limits"), clock=lambda: 100.0) for _ in range(2)]

    n_allowed = sum(processes[number % 2].allow(b"one") for number in range(3 * per_second))

    assert n_allowed == per_second


def test_a_process_may_allow_one_percent_more_of_a_high_limit():
    now = [100.0]
    limit = RateLimit(300, clock=lambda: now[0])
    assert limit.allow(b"one")
    now[0] += 60

    # It has counted three requests ahead, and used one of them.
    assert sum(limit.allow(b"one") for _ in range(600)) == 302


def test_a_process_remembers_a_bounded_number_of_senders():
    limit = RateLimit(300)
    for number in range(3000):
        assert limit.allow(f"sender {number}".encode())

    assert len(limit._counted) <= 1024  # noqa: SLF001


def test_a_limit_forgets_what_was_written_before_the_machine_started_again(tmp_path):
    arrivals = Arrivals(tmp_path / "limits")
    for clock in (lambda: 1_000_000.0, lambda: 5.0):
        limit = RateLimit(2, arrivals=arrivals, clock=clock)
        assert [limit.allow(b"one") for _ in range(3)] == [True, True, False]


def test_a_full_table_forgets_those_who_could_have_sent_for_the_longest_time():
    now = [100.0]
    limit = RateLimit(1, clock=lambda: now[0])
    for number in range(20_000):
        now[0] += 0.001
        assert limit.allow(f"sender {number}".encode())

    assert not limit.allow(b"sender 19999")


COUNT = """
import sys
from pathlib import Path
from infra.http.rate_limit import Arrivals, RateLimit
limit = RateLimit(50, arrivals=Arrivals(Path(sys.argv[1])), clock=lambda: 1000.0)
print(sum(limit.allow(b"one") for _ in range(200)))
"""


def test_a_limit_holds_over_all_processes_of_a_machine(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COUNT, str(tmp_path / "limits")],
            stdout=subprocess.PIPE, text=True, cwd=Path(main.__file__).parent,
        )
        for _ in range(3)
    ]  # fmt: skip

    assert sum(int(process.communicate()[0]) for process in processes) == 50
    assert (tmp_path / "limits").stat().st_mode & 0o077 == 0


def test_a_truncated_file_forgets_and_goes_on_counting(tmp_path):
    limit = RateLimit(2, arrivals=Arrivals(tmp_path / "limits"), clock=lambda: 5.0)
    before = [limit.allow(b"one") for _ in range(3)]

    os.truncate(tmp_path / "limits", 0)

    assert [limit.allow(b"one") for _ in range(3)] == before == [True, True, False]


def n_open(path):
    """Return how often this process has a file open."""
    # The descriptor of the folder itself is closed when it has been listed.
    files = [file for file in Path("/proc/self/fd").iterdir() if file.exists()]
    return sum(file.readlink() == path for file in files)


def test_the_file_is_closed_with_the_last_limit_that_uses_it(tmp_path):
    path = tmp_path / "limits"
    limits = [RateLimit(1, arrivals=Arrivals(path)) for _ in range(5)]
    opened = n_open(path)
    del limits
    gc.collect()

    assert (opened, n_open(path)) == (5, 0)


def test_a_full_disk_refuses_nobody(tmp_path, monkeypatch):
    limit = RateLimit(1, arrivals=Arrivals(tmp_path / "limits"), clock=lambda: 5.0)

    def fails(*_):
        raise OSError

    monkeypatch.setattr(os, "pwrite", fails)

    assert [limit.allow(b"one") for _ in range(3)] == [True, True, True]


def test_without_a_usable_file_each_process_counts_for_itself(tmp_path, caplog):
    (tmp_path / "limits").symlink_to(tmp_path / "elsewhere")

    limits = [RateLimit(1, arrivals=Arrivals(tmp_path / "limits"), clock=lambda: 5.0) for _ in range(2)]

    assert [limit.allow(b"one") for limit in limits] == [True, True]
    assert "Each process counts requests for itself" in caplog.text
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_of_another_user_is_not_used(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)

    Arrivals(tmp_path / "limits")

    assert "PermissionError" in caplog.text


def test_the_file_is_beside_a_sqlite_shop_and_else_has_a_name_that_reveals_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    url = "postgresql://shop:secret@db/shop"

    assert shared_path("", tmp_path / "shop.db", API_KEYS) == tmp_path / "shop.db.limits"
    assert shared_path(url, None, API_KEYS).parent == tmp_path
    assert shared_path(url, None, API_KEYS) == shared_path(url, None, API_KEYS)
    assert shared_path(url, None, API_KEYS) != shared_path(url, None, "backend:" + "0" * 64)
    assert "secret" not in str(shared_path(url, None, API_KEYS))


@pytest.mark.parametrize(
    ("connected", "forwarded", "address"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.7", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.7", "203.0.113.1, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.7", "203.0.113.1, 198.51.100.9, 10.0.0.8", "198.51.100.9"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "unknown", "10.0.0.7"),
        ("10.0.0.7", "10.0.0.9", "10.0.0.9"),
        ("::ffff:10.0.0.7", "198.51.100.9", "198.51.100.9"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("10.0.0.7", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "198.51.100.9", ""),
        ("testclient", "198.51.100.9", "testclient"),
    ],
)
def test_the_address_of_a_client_is_that_of_its_connection_or_what_trusted_proxies_forward(connected, forwarded, address):
    proxies = (ip_network("10.0.0.0/24"),)
    headers = [(b"x-forwarded-for", part.encode()) for part in forwarded.split(", ") if part]

    assert client_address({"client": (connected, 1), "headers": headers}, proxies) == address
    assert client_address({"client": None, "headers": []}, proxies) == ""


@pytest.fixture
async def shop(database, monkeypatch):
    """Return a function that opens a client with an address, for a shop that allows three strangers' requests a second."""
    monkeypatch.setattr(auth, "RateLimit", partial(RateLimit, clock=lambda: 100.0))
    settings = Settings(
        database_url=f"sqlite:///{database}", api_keys=API_KEYS, address_limit_per_second=3, trusted_proxies="10.0.0.7"
    )
    app = create_app(*main.ENDPOINTS, *documentation(*main.ENDPOINTS), settings=lambda: settings)

    def client(address):
        transport = httpx.ASGITransport(app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async with running(app):
        yield client


REFUSED = {
    "wrong key": ("/recommendations/c-1", WRONG, 401),
    "no key": ("/customer/export/c-1", {}, 401),
    "health": ("/health", {}, 200),
    "health with a wrong key": ("/health", WRONG, 401),
    "unknown path": ("/nothing", {}, 404),
    "dots": ("/a/..%2f/../b", {}, 404),
    "malformed": ("/customer/%ff", {}, 400),
}


@pytest.mark.parametrize(("target", "headers", "status"), REFUSED.values(), ids=REFUSED)
async def test_requests_without_a_valid_key_are_limited_by_address(shop, target, headers, status):
    async with shop("192.0.2.1") as client, shop("192.0.2.2") as other:
        statuses = [(await client.get(target, headers=headers)).status_code for _ in range(5)]
        elsewhere = (await other.get(target, headers=headers)).status_code
        limited = await client.get("/nothing")

    assert statuses == [status] * 3 + [429] * 2
    assert elsewhere == status
    assert limited.json()["type"] == "urn:problem:rate-limited"
    assert limited.headers["retry-after"] == "1"


async def test_the_servers_of_a_shop_are_not_limited_by_their_address(shop):
    async with shop("192.0.2.1") as client:
        for _ in range(5):
            await client.get("/nothing")
        answers = [await client.get("/customer/export/c-9", headers=VALID) for _ in range(5)]
        not_found = {(await client.get("/nothing", headers=VALID)).status_code for _ in range(5)}
        checks = [(await client.get(path)).status_code for path in ("/live", "/ready", "/schema") for _ in range(5)]

    assert {answer.json()["type"] for answer in answers} == {"urn:problem:customer-not-found"}
    assert not_found == {404}
    assert set(checks) == {200}


async def test_clients_behind_a_trusted_proxy_are_told_apart(shop):
    async with shop("10.0.0.7") as proxy:
        statuses = [
            (await proxy.get("/nothing", headers={"x-forwarded-for": f"203.0.113.{n}, 198.51.100.{n % 2}"})).status_code
            for n in range(8)
        ]

    assert statuses == [404] * 6 + [429] * 2


async def test_without_keys_nobody_is_a_stranger(database):
    settings = Settings(database_url=f"sqlite:///{database}", address_limit_per_second=1)
    app = create_app(*main.ENDPOINTS, settings=lambda: settings)
    async with running(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        statuses = {(await client.get(path)).status_code for path in ("/nothing", "/health") for _ in range(5)}

    assert statuses == {404, 200}
    assert not database.with_name("shop.db.limits").exists()
