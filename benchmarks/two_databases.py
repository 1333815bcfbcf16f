"""The same shop on SQLite and PostgreSQL: fresh lists, concurrent writers at the repository, and orders over HTTP."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import uvloop
from rich.console import Console

from benchmarks import servers, writers, wrk
from benchmarks.synthetic_lists import time_fresh_lists
from benchmarks.synthetic_shops import measure
from domain.records.interactions import OrderItem, Purchase
from infra.settings import Settings
from infra.storage.opening import open_repository
from tests import postgres

console = Console(width=120)


def compare_databases(database: Path, folder: Path) -> None:
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
        with servers.granian("main:app", n_workers=4, DATABASE_URL=url) as shop:
            wrk.load_with_purchases(shop.url, seconds=3)
            per_second, mean, p99 = wrk.load_with_purchases(shop.url, seconds=15)
            half = uvloop.run(time_purchases(shop.url, per_second=per_second / 2))
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
