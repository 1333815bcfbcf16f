"""Measure the figures of docs/benchmarks.md: `make bench` (about ten minutes; needs the system package `wrk`).

All processes run on this machine and communicate over loopback; figures that are compared come from the same run.
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

from benchmarks import training, writers
from benchmarks.synthetic import write_shop
from domain.ranking.recommend import recommend, shortlist, to_response
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from domain.records.recommendations import ListRequest
from infra.keys import hash_of, new_key
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

HANDLERS_ONLY = """
from litestar import Litestar, Request
from litestar.di import Provide

from infra.storage.opening import Storage
from infra.background.gc import tune_gc
from infra.settings import read_settings
from main import ENDPOINTS

storage = Storage(read_settings)

class Trusted(Request):
    auth = "backend"

app = Litestar(
    ENDPOINTS,
    request_class=Trusted,
    dependencies={"shop": Provide(storage.shop)},
    lifespan=[tune_gc],
    on_shutdown=[storage.close],
    logging_config=None,
    openapi_config=None,
)
"""

PURCHASES = """
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


class Usage(NamedTuple):
    """Elapsed seconds, CPU seconds of all cores, and peak memory in MB of a process."""

    seconds: float
    cpu_seconds: float
    memory_mb: float


def measure(command: list[str], **environment: str) -> Usage:
    """Run a command and return its usage."""
    started_at = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Usage(time.perf_counter() - started_at, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def create_shop(folder: Path, *, n_products: int, n_events: int, n_customers: int = N_CUSTOMERS) -> tuple[Path, Usage]:
    """Generate, import and train a synthetic shop; print the times and return its database and the usage of training."""
    write_shop(folder, n_products=n_products, n_customers=n_customers, n_events=n_events)
    url = f"sqlite:///{folder}/shop.db"
    import_command = [sys.executable, "main.py", "import"]
    measure([*import_command, "products", str(folder / "products.csv"), "--no-train"], DATABASE_URL=url)
    seconds, _, memory_mb = measure([*import_command, "events", str(folder / "events.csv"), "--no-train"], DATABASE_URL=url)
    console.print(f"import of {n_events:,} events: {n_events / seconds:,.0f}/s, peak memory {memory_mb:.0f} MB")
    training = measure([sys.executable, "main.py", "train", "--trials", "0"], DATABASE_URL=url)
    console.print(
        f"training on {n_events:,} events of {n_customers:,} customers, {n_products:,} products, without tuning:"
        f" {training.seconds:.1f} s, {training.cpu_seconds:.1f} CPU seconds, peak memory {training.memory_mb:.0f} MB"
    )
    return folder / "shop.db", training


def measure_training(folder: Path) -> None:
    """Train two shops with the same catalogue, one with four times the customers and events of the other."""
    _, small = create_shop(folder / "quarter", n_products=36_000, n_events=150_000, n_customers=10_750)
    _, large = create_shop(folder / "whole", n_products=36_000, n_events=600_000, n_customers=43_000)
    ratio = large.cpu_seconds / small.cpu_seconds
    console.print(f"four times the customers and events: {ratio:.2f} times the CPU seconds of training")


async def time_fresh_lists(url: str, *, n_products: int, n: int = 3000) -> list[float]:
    """Compute lists, each after a new event of its customer; return the milliseconds from the first query to the answer."""
    rng = np.random.default_rng(5)
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:
        for customer in rng.integers(N_CUSTOMERS, size=n).tolist():
            now = datetime.now(UTC)
            customer_id, product_id = f"c-{customer}", f"p-{rng.integers(n_products)}"
            event = BrowsingEvent(customer_id=customer_id, product_id=product_id)
            await repository.put_events([event], create_products=False, now=now)
            started_at = time.perf_counter()
            inputs = await repository.ranking_inputs(customer_id)
            shortlisted = shortlist(inputs, request=ListRequest())
            products = await repository.candidates(shortlisted.query)
            scored = recommend(inputs, shortlisted, products, now=now)
            to_response(scored, request=ListRequest())
            milliseconds.append((time.perf_counter() - started_at) * 1000)
    return milliseconds[n // 3 :]


@contextmanager
def serving(target: str, folder: Path, *, n_workers: int = 1, port: int = PORT, **environment: str) -> Iterator[str]:
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
    """Load one URL with wrk for a second and return the rate."""
    wrk = ["wrk", "-t1", "-c16", "-d1s", "-H", f"Authorization: Bearer {key}", url]
    output = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise RuntimeError(output)
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    return float(match[1]) if match else 0.0


def quartiles_of_ratio(url: str, *, baseline_url: str, key: str = "") -> list[float]:
    """Load two URLs alternately, as the speed of the machine varies; return the quartiles of the ratio of their rates."""
    urls = (url, baseline_url)
    rates = np.array([[requests_per_second(address, key=key) for address in urls] for _ in range(1 + N_TURNS)])[1:]
    rate, baseline_rate = np.median(rates, axis=0)
    console.print(f"requests/s, medians of {N_TURNS}: {rate:,.0f} and {baseline_rate:,.0f}")
    return np.percentile(rates[:, 0] / rates[:, 1], [25, 50, 75]).tolist()


def measure_http(database: Path, folder: Path) -> None:
    """Compare a stored list with a trivial route, and time `process-purchase`."""
    (folder / "trivial.py").write_text(TRIVIAL)
    settings = {"DATABASE_URL": f"sqlite:///{database}"}
    with serving("trivial:app", folder, port=PORT + 1) as trivial, serving("main:app", folder, **settings) as shop:
        low, ratio, high = quartiles_of_ratio(f"{shop}/recommendations/c-7", baseline_url=f"{trivial}/trivial")
    console.print(f"stored list compared with a trivial route: ratio {ratio:.2f} (quartiles {low:.2f} and {high:.2f})")
    with serving("main:app", folder, **settings) as url, httpx.Client(base_url=url) as client:
        milliseconds: list[float] = []
        for number in range(600):
            order = {"customer_id": f"c-{number * 13}", "items": [{"product_id": f"p-{number}"}]}
            milliseconds.append(milliseconds_of(client, "/recommendations/process-purchase", order))
    p50, p99 = np.percentile(milliseconds[100:], [50, 99])
    console.print(f"process-purchase over HTTP, one client: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def measure_validation(database: Path, folder: Path) -> None:
    """Compare a stored list of the application with keys to one of its handlers without authentication and validation."""
    (folder / "handlers_only.py").write_text(HANDLERS_ONLY)
    keys = [new_key() for _ in range(4)]
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in zip(["backend", "storefront"] * 2, keys, strict=True))
    settings = {"DATABASE_URL": f"sqlite:///{database}", "API_KEYS": api_keys}
    with (
        serving("handlers_only:app", folder, port=PORT + 1, **settings) as bare,
        serving("main:app", folder, **settings) as shop,
    ):
        path = "/recommendations/c-7"
        low, ratio, high = quartiles_of_ratio(f"{shop}{path}", baseline_url=f"{bare}{path}", key=keys[0])
    console.print(f"overhead of authentication and validation: {1 - ratio:.1%} (quartiles {1 - high:.1%} and {1 - low:.1%})")


def measure_during_import(database: Path, folder: Path) -> None:
    """Time `process-purchase` while another process imports 200,000 events into the same database."""
    write_shop(folder / "more", n_products=1_000, n_customers=10_000, n_events=200_000, seed=2)
    settings = {"DATABASE_URL": f"sqlite:///{database}"}
    command = [sys.executable, "main.py", "import", "events", str(folder / "more" / "events.csv"), "--no-train"]
    with serving("main:app", folder, **settings) as url, httpx.Client(base_url=url) as client:
        milliseconds: list[float] = []
        import_process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while import_process.poll() is None:
            order = {"customer_id": f"c-{len(milliseconds)}", "items": [{"product_id": f"p-{len(milliseconds) % 1000}"}]}
            milliseconds.append(milliseconds_of(client, "/recommendations/process-purchase", order))
            time.sleep(0.01)
    p50, p99 = np.percentile(milliseconds, [50, 99])
    console.print(f"process-purchase during an import, {len(milliseconds):,} orders: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def measure_postgres(database: Path, folder: Path) -> None:
    """Copy a shop to PostgreSQL and compare both databases alternately."""
    server = postgres.OwnServer(folder / "postgres")
    urls = {"SQLite": f"sqlite:///{database}", "PostgreSQL": server.url}
    seconds, _, _ = measure([sys.executable, "main.py", "copy", "--from", urls["SQLite"], "--to", urls["PostgreSQL"]])
    console.print(f"copy to PostgreSQL, verified: {seconds:.0f} s")
    asyncio.run(postgres.run_on(server.url, "ANALYZE"))
    medians: dict[str, list[float]] = {name: [] for name in urls}
    for _ in range(3):
        for name, url in urls.items():
            medians[name].append(float(np.median(uvloop.run(time_fresh_lists(url, n_products=100_000, n=1500)))))
    sqlite, postgresql = (sorted(medians[name])[1] for name in urls)
    console.print(
        f"fresh list, p50: PostgreSQL {postgresql:.2f} ms, SQLite {sqlite:.2f} ms, {postgresql / sqlite:.2f} times"
    )
    for name, url in urls.items():
        milliseconds = uvloop.run(time_concurrent_writes(url))
        p50, p99 = np.percentile(milliseconds, [50, 99])
        console.print(f"64 concurrent writers, {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
        writers.measure(url, name)
    for name, url in urls.items():
        with serving("main:app", folder, n_workers=4, DATABASE_URL=url) as shop:
            load_with_purchases(shop, folder, seconds=3)
            per_second, mean, p99 = load_with_purchases(shop, folder, seconds=15)
            half = uvloop.run(time_purchases(shop, per_second=per_second / 2))
            console.print(
                f"process-purchase, {name}, 64 clients, 4 workers: {per_second:.0f}/s, mean {mean:.0f} ms, p99 {p99:.0f} ms,"
                f" {p99 / mean:.1f} times the mean, no errors; at half that rate"
                f" p50 {np.median(half):.0f} ms, p99 {np.percentile(half, 99):.0f} ms"
            )
    server.stop_at_once()


async def time_concurrent_writes(url: str, *, n_writers: int = 64, n_each: int = 20) -> list[float]:
    """Record orders from many tasks at once; return the milliseconds of each order."""
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:

        async def write(writer: int) -> None:
            for number in range(n_each):
                order = Purchase(customer_id=f"c-{writer}", items=(OrderItem(product_id=f"p-{number}"),))
                started_at = time.perf_counter()
                await repository.record([order], now=datetime.now(UTC))
                milliseconds.append((time.perf_counter() - started_at) * 1000)

        await asyncio.gather(*(write(writer) for writer in range(n_writers)))
    return milliseconds


def load_with_purchases(url: str, folder: Path, *, seconds: int) -> tuple[float, float, float]:
    """Buy with 64 clients without pauses; return purchases per second, and mean and p99 in milliseconds.

    The clients are those of wrk: 64 clients of a Python library in one process would be slower than the shop.
    """
    (folder / "purchases.lua").write_text(PURCHASES)
    wrk = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "30s", "-s", str(folder / "purchases.lua")]
    wrk.append(f"{url}/recommendations/process-purchase")
    output = subprocess.run(wrk, check=True, capture_output=True, text=True).stdout
    per_second, mean, p99, n_errors = map(float, output.splitlines()[-1].split())
    if n_errors:
        raise RuntimeError(output)
    return per_second, mean, p99


async def time_purchases(url: str, *, per_second: float, seconds: int = 10) -> list[float]:
    """Buy at a constant rate, without waiting for earlier answers; return the milliseconds of each purchase."""
    milliseconds: list[float] = []
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def buy(number: int) -> None:
            order = {"customer_id": f"c-{number * 11}", "items": [{"product_id": f"p-{number}"}]}
            started_at = time.perf_counter()
            (await client.post("/recommendations/process-purchase", json=order)).raise_for_status()
            milliseconds.append((time.perf_counter() - started_at) * 1000)

        async with asyncio.TaskGroup() as purchases:
            for number in range(int(per_second * seconds)):
                purchases.create_task(buy(number))
                await asyncio.sleep(1 / per_second)
    return milliseconds


def milliseconds_of(client: httpx.Client, path: str, body: dict[str, object]) -> float:
    started_at = time.perf_counter()
    client.post(path, json=body).raise_for_status()
    return (time.perf_counter() - started_at) * 1000


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("The HTTP benchmarks need wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure_training(folder)
        training.measure(folder / "whole" / "shop.db", folder)
        large, _ = create_shop(folder / "large", n_products=100_000, n_events=1_000_000)
        small, _ = create_shop(folder / "small", n_products=1_000, n_events=1_000_000)
        medians: dict[str, float] = {}
        for size, database, n_products in (("1,000", small, 1_000), ("100,000", large, 100_000)):
            p50, p99 = np.percentile(uvloop.run(time_fresh_lists(f"sqlite:///{database}", n_products=n_products)), [50, 99])
            medians[size] = p50
            console.print(f"fresh list, {size} products, 1,000,000 events: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        console.print(f"from 1,000 to 100,000 products: {medians['100,000'] / medians['1,000']:.2f} times")
        measure_postgres(large, folder)
        measure_http(large, folder)
        measure_validation(large, folder)
        measure_during_import(large, folder)


if __name__ == "__main__":
    main()
