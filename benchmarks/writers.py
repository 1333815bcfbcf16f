"""Time 64 concurrent writers in 4 processes, for 64 customers and for one: `python -m benchmarks.writers URL`.

The writers call the repository, without HTTP. Any error ends the measurement. `make bench` includes it.
"""

import asyncio
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

import numpy as np
from rich.console import Console

from domain.records.customers import CustomerChange
from domain.records.interactions import OrderItem, Purchase
from domain.records.products import ProductChange
from infra.settings import Settings
from infra.storage.opening import open_repository

N_PROCESSES = 4
N_WRITERS = 64
N_EACH = 20
START_SECONDS = 4.0
console = Console(width=120)


async def write_orders(url: str, starts_at: float, customer_ids: list[str]) -> list[float]:
    """Record orders of all customers concurrently; return the milliseconds of each order."""
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:

        async def write(customer_id: str) -> None:
            for number in range(N_EACH):
                order = Purchase(customer_id=customer_id, items=(OrderItem(product_id=f"w-{number}", unit_price=0.1),))
                started_at = time.perf_counter()
                await repository.record([order], now=datetime.now(UTC))
                milliseconds.append((time.perf_counter() - started_at) * 1000)

        await asyncio.sleep(starts_at - time.time())
        await asyncio.gather(*(write(customer_id) for customer_id in customer_ids))
    return milliseconds


def run_process(url: str, starts_at: float, customer_ids: list[str]) -> list[float]:
    return asyncio.run(write_orders(url, starts_at, customer_ids))


def time_orders(url: str, customer_ids: list[str]) -> list[float]:
    """Distribute one writer per customer over the processes, start all at the same instant, and return their times."""
    starts_at = time.time() + START_SECONDS
    shares = [customer_ids[first::N_PROCESSES] for first in range(N_PROCESSES)]
    with ProcessPoolExecutor(N_PROCESSES, mp_context=get_context("spawn")) as pool:
        results = pool.map(run_process, [url] * N_PROCESSES, [starts_at] * N_PROCESSES, shares)
        return [milliseconds for result in results for milliseconds in result]


async def prepare(url: str, customer_ids: list[str]) -> None:
    async with open_repository(Settings(database_url=url)) as repository:
        now = datetime.now(UTC)
        await repository.put_products([ProductChange(product_id=f"w-{number}") for number in range(N_EACH)], now=now)
        await repository.put_customers([CustomerChange(customer_id=name) for name in customer_ids], now=now)


async def read_spent(url: str, customer_id: str) -> float:
    async with open_repository(Settings(database_url=url)) as repository:
        return (await repository.profile(customer_id)).activity.spent


def measure(url: str, name: str) -> None:
    """Print the times with 64 customers, then with one shared customer, whose total must be exact."""
    own_customers = [f"writer-{number}" for number in range(N_WRITERS)]
    shared_customer = f"writer-of-{time.time_ns()}"
    asyncio.run(prepare(url, [*own_customers, shared_customer]))
    for customers, description in ((own_customers, "64 customers"), ([shared_customer] * N_WRITERS, "one customer")):
        milliseconds = time_orders(url, customers)
        p50, p99 = np.percentile(milliseconds, [50, 99])
        console.print(
            f"{name}, 64 writers in {N_PROCESSES} processes, {description}: {len(milliseconds):,} orders, p50 {p50:.0f} ms,"
            f" p99 {p99:.0f} ms, no errors"
        )
    expected = N_WRITERS * N_EACH / 10
    if (spent := asyncio.run(read_spent(url, shared_customer))) != expected:
        raise RuntimeError(f"The orders of the shared customer are worth {spent}, not {expected}.")


if __name__ == "__main__":
    measure(sys.argv[1], sys.argv[1].partition(":")[0])
