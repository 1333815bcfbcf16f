"""Measure what docs/benchmarks.md states: `make bench` (about ten minutes; needs `wrk` from the system's packages).

Everything runs on this machine and loopback only; compared figures are measured side by side in one run.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
import uvloop
from rich.console import Console

from benchmarks import writers
from benchmarks.synthetic import write_shop
from domain.ranking.recommend import recommend, shortlist, to_response
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.recommendations import ListRequest
from infra.http.auth import hash_of, new_key
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres

ROOT = Path(__file__).parents[1]
PORT = 18_431
N_CUSTOMERS = 50_000
N_TURNS = 40
console = Console(width=120)

TRIVIAL = """
from litestar import Litestar, get

@get("/trivial")
async def trivial() -> dict[str, str]:
    return {"hello": "world"}

app = Litestar([trivial], logging_config=None, openapi_config=None)
"""

UNGUARDED = """
from litestar import Litestar, Request
from litestar.di import Provide

from infra.storage.opening import Storage
from infra.background.gc import collect_seldom
from infra.settings import read_settings
from main import ENDPOINTS

storage = Storage(read_settings)

class Trusted(Request):
    auth = "backend"

app = Litestar(
    ENDPOINTS,
    request_class=Trusted,
    dependencies={"shop": Provide(storage.shop)},
    lifespan=[collect_seldom],
    on_shutdown=[storage.close],
    logging_config=None,
    openapi_config=None,
)
"""


BUYING = """
local n = 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
function request()
    n = n + 1
    local order = '{"customer_id": "c-%d", "items": [{"product_id": "p-%d"}]}'
    return wrk.format(nil, nil, nil, order:format((n % 64) * 7, n % 1000))
end
function done(summary, latency, _)
    local errors = summary.errors
    local n_errors = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(summary.requests / summary.duration * 1e6, latency.mean / 1e3, latency:percentile(99) / 1e3, n_errors)
end
"""


class EvaluationResult(NamedTuple):
    """What a command took: seconds, seconds of all processors together, and the largest memory in MB."""

    seconds: float
    processor_seconds: float
    memory: float


def measured(command: list[str], **environment: str) -> EvaluationResult:
    """Run a command; return what it took."""
    began = time.perf_counter()
    running = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return EvaluationResult(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def made_shop(
    folder: Path, *, n_products: int, n_events: int, n_customers: int = N_CUSTOMERS
) -> tuple[Path, EvaluationResult]:
    """Make, import and train a synthetic shop, and print how long it took; return its database and what training took."""
    write_shop(folder, n_products=n_products, n_customers=n_customers, n_events=n_events)
    url = f"sqlite:///{folder}/shop.db"
    importing = [sys.executable, "main.py", "import"]
    measured([*importing, "products", str(folder / "products.csv"), "--no-train"], DATABASE_URL=url)
    seconds, _, memory = measured([*importing, "events", str(folder / "events.csv"), "--no-train"], DATABASE_URL=url)
    console.print(f"import of {n_events:,} events: {n_events / seconds:,.0f} a second, at most {memory:.0f} MB")
    training = measured([sys.executable, "main.py", "train", "--trials", "0"], DATABASE_URL=url)
    console.print(
        f"training on {n_events:,} events of {n_customers:,} customers, {n_products:,} products, not tuned:"
        f" {training.seconds:.1f} s, {training.processor_seconds:.1f} s of processors, at most {training.memory:.0f} MB"
    )
    return folder / "shop.db", training


def trainings(folder: Path) -> None:
    """Train shops of one catalogue, one with four times the customers and events of the other."""
    _, quarter = made_shop(folder / "quarter", n_products=36_000, n_events=150_000, n_customers=10_750)
    _, whole = made_shop(folder / "whole", n_products=36_000, n_events=600_000, n_customers=43_000)
    times = whole.processor_seconds / quarter.processor_seconds
    console.print(f"four times the customers and events: {times:.2f} times the processor seconds of training")


async def fresh_lists(url: str, *, n_products: int, n: int = 3000) -> list[float]:
    """Compute lists afresh, each after a new event of its customer; return the milliseconds from evidence to answer."""
    rng = np.random.default_rng(5)
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:
        for customer in rng.integers(N_CUSTOMERS, size=n).tolist():
            now = datetime.now(UTC)
            customer_id, product_id = f"c-{customer}", f"p-{rng.integers(n_products)}"
            event = BrowsingEvent(customer_id=customer_id, product_id=product_id)
            await repository.put_events([event], create_products=False, now=now)
            began = time.perf_counter()
            inputs = await repository.ranking_inputs(customer_id)
            shortlisted = shortlist(inputs, request=ListRequest())
            products = await repository.candidates(shortlisted.query)
            made = recommend(inputs, shortlisted, products, now=now)
            to_response(made, request=ListRequest())
            milliseconds.append((time.perf_counter() - began) * 1000)
    return milliseconds[n // 3 :]


@contextmanager
def served(target: str, folder: Path, *, n_workers: int = 1, port: int = PORT, **environment: str) -> Iterator[str]:
    """Serve an application as `python main.py` does."""
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--http",
        "1",
        "--runtime-mode",
        "st",
        "--loop",
        "uvloop",
    ]
    command += ["--no-ws", "--host", "127.0.0.1", "--port", str(port), "--workers", str(n_workers), target]
    path = f"{folder}:{ROOT}"
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment | {"PYTHONPATH": path}, stdout=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait()


def requests_per_second(url: str, *, key: str) -> float:
    """Load one address with wrk for a second."""
    wrk = ["wrk", "-t1", "-c16", "-d1s", "-H", f"Authorization: Bearer {key}", url]
    done = subprocess.run(wrk, check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout:
        raise RuntimeError(done.stdout)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    return float(found[1]) if found else 0.0


def quartiles_of_ratio(url: str, *, to: str, key: str = "") -> list[float]:
    """Load two addresses in turns, so that both meet the same weather; print and return the quartiles of their ratio."""
    rates = np.array([[requests_per_second(one, key=key) for one in (url, to)] for _ in range(1 + N_TURNS)])[1:]
    ours, theirs = np.median(rates, axis=0)
    console.print(f"requests/s, medians of {N_TURNS}: {ours:,.0f} and {theirs:,.0f}")
    return np.percentile(rates[:, 0] / rates[:, 1], [25, 50, 75]).tolist()


def over_http(database: Path, folder: Path) -> None:
    """Compare a stored list with a trivial route, and time `process-purchase`."""
    (folder / "trivial.py").write_text(TRIVIAL)
    settings = {"DATABASE_URL": f"sqlite:///{database}"}
    with served("trivial:app", folder, port=PORT + 1) as trivial, served("main:app", folder, **settings) as shop:
        low, ratio, high = quartiles_of_ratio(f"{shop}/recommendations/c-7", to=f"{trivial}/trivial")
    console.print(f"stored list against a trivial route: ratio {ratio:.2f} (quartiles {low:.2f} and {high:.2f})")
    with served("main:app", folder, **settings) as url, httpx.Client(base_url=url) as client:
        milliseconds: list[float] = []
        for number in range(600):
            order = {"customer_id": f"c-{number * 13}", "items": [{"product_id": f"p-{number}"}]}
            milliseconds.append(milliseconds_of(client, "/recommendations/process-purchase", order))
    p50, p99 = np.percentile(milliseconds[100:], [50, 99])
    console.print(f"process-purchase over HTTP, one client: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def guarded_or_not(database: Path, folder: Path) -> None:
    """Compare a stored list from the application as it is, with keys, and from its handlers without anything in front."""
    (folder / "unguarded.py").write_text(UNGUARDED)
    keys = [new_key() for _ in range(4)]
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in zip(["backend", "storefront"] * 2, keys, strict=True))
    settings = {"DATABASE_URL": f"sqlite:///{database}", "API_KEYS": api_keys}
    with served("unguarded:app", folder, port=PORT + 1, **settings) as bare, served("main:app", folder, **settings) as shop:
        path = "/recommendations/c-7"
        low, ratio, high = quartiles_of_ratio(f"{shop}{path}", to=f"{bare}{path}", key=keys[0])
    console.print(f"overhead of guard and keys: {1 - ratio:.1%} (quartiles {1 - high:.1%} and {1 - low:.1%})")


def during_an_import(database: Path, folder: Path) -> None:
    """Time `process-purchase` while another process imports 200,000 events into the same database."""
    write_shop(folder / "more", n_products=1_000, n_customers=10_000, n_events=200_000, seed=2)
    settings = {"DATABASE_URL": f"sqlite:///{database}"}
    importing = [sys.executable, "main.py", "import", "events", str(folder / "more" / "events.csv"), "--no-train"]
    with served("main:app", folder, **settings) as url, httpx.Client(base_url=url) as client:
        milliseconds: list[float] = []
        import_process = subprocess.Popen(
            importing, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while import_process.poll() is None:
            order = {"customer_id": f"c-{len(milliseconds)}", "items": [{"product_id": f"p-{len(milliseconds) % 1000}"}]}
            milliseconds.append(milliseconds_of(client, "/recommendations/process-purchase", order))
            time.sleep(0.01)
    p50, p99 = np.percentile(milliseconds, [50, 99])
    console.print(f"process-purchase during an import, {len(milliseconds):,} orders: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def on_postgres(database: Path, folder: Path) -> None:
    """Copy a shop to PostgreSQL, and compare the two databases in alternation."""
    server = postgres.OwnServer(folder / "postgres")
    urls = {"SQLite": f"sqlite:///{database}", "PostgreSQL": server.url}
    seconds, _, _ = measured([sys.executable, "main.py", "copy", "--from", urls["SQLite"], "--to", urls["PostgreSQL"]])
    console.print(f"copy to PostgreSQL, verified: {seconds:.0f} s")
    asyncio.run(postgres.run_on(server.url, "ANALYZE"))
    medians: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(3):
        for name, url in urls.items():
            medians[name].append(float(np.median(uvloop.run(fresh_lists(url, n_products=100_000, n=1500)))))
    ours, theirs = (sorted(medians[name])[1] for name in urls)
    console.print(f"fresh list, p50: PostgreSQL {theirs:.2f} ms, SQLite {ours:.2f} ms, {theirs / ours:.2f} times")
    for name, url in urls.items():
        milliseconds = uvloop.run(written_at_once(url))
        p50, p99 = np.percentile(milliseconds, [50, 99])
        console.print(f"64 writers at once, {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
        writers.measure(url, name)
    for name, url in urls.items():
        with served("main:app", folder, n_workers=4, DATABASE_URL=url) as shop:
            purchases_at_once(shop, folder, seconds=3)
            a_second, mean, p99 = purchases_at_once(shop, folder, seconds=15)
            half = uvloop.run(purchases_at_a_rate(shop, a_second=a_second / 2))
            console.print(
                f"process-purchase, {name}, 64 clients, 4 workers: {a_second:.0f}/s, mean {mean:.0f} ms, p99 {p99:.0f} ms,"
                f" {p99 / mean:.1f} times the mean, no errors; at half that rate"
                f" p50 {np.median(half):.0f} ms, p99 {np.percentile(half, 99):.0f} ms"
            )
    server.stop_at_once()


async def written_at_once(url: str, *, n_writers: int = 64, n_each: int = 20) -> list[float]:
    """Record orders from many tasks at once; return the milliseconds of each."""
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:

        async def write(writer: int) -> None:
            for number in range(n_each):
                order = Purchase(customer_id=f"c-{writer}", items=(OrderItem(product_id=f"p-{number}"),))
                began = time.perf_counter()
                await repository.record([order], now=datetime.now(UTC))
                milliseconds.append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(write(writer) for writer in range(n_writers)))
    return milliseconds


def purchases_at_once(url: str, folder: Path, *, seconds: int) -> tuple[float, float, float]:
    """Let 64 clients buy, each again as soon as it is answered; return purchases a second, mean and p99 in milliseconds.

    The clients are wrk's: 64 of a Python library in one process keep each other waiting longer than the shop does.
    """
    (folder / "buying.lua").write_text(BUYING)
    wrk = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "30s", "-s", str(folder / "buying.lua")]
    done = subprocess.run([*wrk, f"{url}/recommendations/process-purchase"], check=True, capture_output=True, text=True)
    a_second, mean, p99, n_errors = (float(found) for found in done.stdout.splitlines()[-1].split())
    if n_errors:
        raise RuntimeError(done.stdout)
    return a_second, mean, p99


async def purchases_at_a_rate(url: str, *, a_second: float, seconds: int = 10) -> list[float]:
    """Buy over HTTP so many times a second, whether the last is answered or not; return the milliseconds of each."""
    milliseconds: list[float] = []
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def buy(number: int) -> None:
            order = {"customer_id": f"c-{number * 11}", "items": [{"product_id": f"p-{number}"}]}
            began = time.perf_counter()
            (await client.post("/recommendations/process-purchase", json=order)).raise_for_status()
            milliseconds.append((time.perf_counter() - began) * 1000)

        async with asyncio.TaskGroup() as buying:
            for number in range(int(a_second * seconds)):
                buying.create_task(buy(number))
                await asyncio.sleep(1 / a_second)
    return milliseconds


def milliseconds_of(client: httpx.Client, path: str, body: dict[str, object]) -> float:
    began = time.perf_counter()
    client.post(path, json=body).raise_for_status()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("The figures over HTTP need wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trainings(folder)
        large, _ = made_shop(folder / "large", n_products=100_000, n_events=1_000_000)
        small, _ = made_shop(folder / "small", n_products=1_000, n_events=1_000_000)
        medians: dict[str, float] = {}
        for size, database, n_products in (("1,000", small, 1_000), ("100,000", large, 100_000)):
            p50, p99 = np.percentile(uvloop.run(fresh_lists(f"sqlite:///{database}", n_products=n_products)), [50, 99])
            medians[size] = p50
            console.print(f"fresh list, {size} products, 1,000,000 events: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        console.print(f"from 1,000 to 100,000 products: {medians['100,000'] / medians['1,000']:.2f} times")
        on_postgres(large, folder)
        over_http(large, folder)
        guarded_or_not(large, folder)
        during_an_import(large, folder)


if __name__ == "__main__":
    main()
