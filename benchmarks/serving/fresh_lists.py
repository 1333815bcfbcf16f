"""Fresh lists in this process, without HTTP: how long they take, and how long they block the event loop."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop, repository_of
from benchmarks.timing import milliseconds_until
from domain.records.recommendations import ListRequest
from infra.storage.sql.repository import SqlRepository
from infra.use_cases.recommend import FIRST_PAGE, fresh_list

N_LISTS = 700
N_WARM = 100
N_FILTERED = 50


async def time_lists(shop: Shop) -> list[Figure]:
    """Time lists of random customers, and some that leave out one product.

    The first list of a customer since the import packs the whole history, and the first lists of a process read its products
    and neighbours.
    """
    rng = np.random.default_rng(12)
    customer_ids = shop.draw_customers(rng, N_LISTS)
    filtered = ListRequest(exclude=frozenset(shop.draw_products(rng, 1)))
    async with repository_of(shop) as repository:
        first = await time_requests("first list since the import", repository, customer_ids, FIRST_PAGE)
    async with repository_of(shop) as repository:
        return [
            *first,
            *await time_requests("first list in a new process", repository, customer_ids, FIRST_PAGE),
            *await time_requests("usual list", repository, customer_ids, FIRST_PAGE),
            *await time_requests("list without a given product", repository, customer_ids[:N_FILTERED], filtered),
        ]


async def time_requests(
    what: str, repository: SqlRepository, customer_ids: Sequence[str], request: ListRequest
) -> list[Figure]:
    """Return percentiles of the elapsed times, and the mean CPU time of this process."""
    cpu_started_at = time.process_time()
    milliseconds = [
        await milliseconds_until(fresh_list(repository, customer_id, request=request, now=datetime.now(UTC)))
        for customer_id in customer_ids
    ]
    cpu_milliseconds = (time.process_time() - cpu_started_at) * 1000 / len(customer_ids)
    part = "fresh list in-process"
    return [*figures_of(part, what, [milliseconds]), Figure(part, f"{what}, CPU", cpu_milliseconds)]


async def time_blocking(shop: Shop) -> list[Figure]:
    """Time how long each list keeps other tasks of the event loop from running.

    The loop is asyncio's own, because the clock of uvloop counts whole milliseconds.
    """
    customer_ids = shop.draw_customers(np.random.default_rng(14), N_WARM + N_LISTS)
    async with repository_of(shop) as repository:
        blocks = [await longest_block(repository, customer_id) for customer_id in customer_ids][N_WARM:]
    part = "event loop blocked by one list"
    elapsed, cpu = ([getattr(block, name) for block in blocks] for name in Block._fields)
    return [
        *figures_of(part, "longest block of a list", [elapsed]),
        Figure(part, f"longest block of {N_LISTS} lists", max(elapsed)),
        *figures_of(part, "CPU in the longest block of a list", [cpu]),
    ]


class Block(NamedTuple):
    """The longest time that a task waited for its turn, and the most CPU time of the loop's thread, in milliseconds.

    Other programs of the machine lengthen the first and not the second.
    """

    elapsed: float
    cpu: float


async def longest_block(repository: SqlRepository, customer_id: str) -> Block:
    """Measure the turns of another task while a list is made."""
    loop = asyncio.get_running_loop()
    elapsed, cpu = 0.0, 0.0

    async def probe() -> None:
        nonlocal elapsed, cpu
        before = loop.time(), time.thread_time()
        while True:
            await asyncio.sleep(0)
            after = loop.time(), time.thread_time()
            elapsed, cpu = max(elapsed, after[0] - before[0]), max(cpu, after[1] - before[1])
            before = after

    probing = asyncio.create_task(probe())
    await asyncio.sleep(0)
    await fresh_list(repository, customer_id, now=datetime.now(UTC))
    await asyncio.sleep(0)
    probing.cancel()
    return Block(elapsed * 1000, cpu * 1000)
