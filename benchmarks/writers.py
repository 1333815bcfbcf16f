"""64 writers over 4 processes, and one customer that buys 64 times at once: `python -m benchmarks.writers URL`.

At the repository, without HTTP; part of `make bench`. An error of any kind ends the measurement.
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


async def written(url: str, begins_at: float, customer_ids: list[str]) -> list[float]:
    """Record orders of each customer, all customers at once; return the milliseconds of each order."""
    milliseconds: list[float] = []
    async with open_repository(Settings(database_url=url)) as repository:

        async def write(customer_id: str) -> None:
            for number in range(N_EACH):
                order = Purchase(customer_id=customer_id, items=(OrderItem(product_id=f"w-{number}", unit_price=0.1),))
                began = time.perf_counter()
                await repository.record([order], now=datetime.now(UTC))
                milliseconds.append((time.perf_counter() - began) * 1000)

        await asyncio.sleep(begins_at - time.time())
        await asyncio.gather(*(write(customer_id) for customer_id in customer_ids))
    return milliseconds


def written_by_a_process(url: str, begins_at: float, customer_ids: list[str]) -> list[float]:
    return asyncio.run(written(url, begins_at, customer_ids))


def at_once(url: str, customer_ids: list[str]) -> list[float]:
    """Share the writers out to the processes, and start them at the same moment."""
    begins_at = time.time() + START_SECONDS
    shares = [customer_ids[first::N_PROCESSES] for first in range(N_PROCESSES)]
    with ProcessPoolExecutor(N_PROCESSES, mp_context=get_context("spawn")) as pool:
        done = pool.map(written_by_a_process, [url] * N_PROCESSES, [begins_at] * N_PROCESSES, shares)
        return [one for milliseconds in done for one in milliseconds]


async def prepare(url: str, customer_ids: list[str]) -> None:
    async with open_repository(Settings(database_url=url)) as repository:
        now = datetime.now(UTC)
        await repository.put_products([ProductChange(product_id=f"w-{number}") for number in range(N_EACH)], now=now)
        await repository.put_customers([CustomerChange(customer_id=name) for name in customer_ids], now=now)


async def spent(url: str, customer_id: str) -> float:
    async with open_repository(Settings(database_url=url)) as repository:
        return (await repository.profile(customer_id)).activity.spent


def measure(url: str, name: str) -> None:
    """Print the figures of 64 customers, then of one whom all 64 writers serve, whose sum must be exact."""
    several = [f"writer-{number}" for number in range(N_WRITERS)]
    one = f"writer-of-{time.time_ns()}"
    asyncio.run(prepare(url, [*several, one]))
    for customers, said in ((several, "64 customers"), ([one] * N_WRITERS, "one customer")):
        milliseconds = at_once(url, customers)
        p50, p99 = np.percentile(milliseconds, [50, 99])
        console.print(
            f"{name}, 64 writers over {N_PROCESSES} processes, {said}: {len(milliseconds):,} orders, p50 {p50:.0f} ms,"
            f" p99 {p99:.0f} ms, no errors"
        )
    expected = N_WRITERS * N_EACH / 10
    if (found := asyncio.run(spent(url, one))) != expected:
        raise RuntimeError(f"The orders of one customer are worth {found}, not {expected}.")


if __name__ == "__main__":
    measure(sys.argv[1], sys.argv[1].partition(":")[0])
