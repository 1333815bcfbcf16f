"""A customer with 200,000 events, and 300 erasures at once: times, and what other writers wait meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import numpy as np
import uvloop

from benchmarks.serving import shop as shops
from benchmarks.serving.figures import Figure
from benchmarks.serving.shop import Shop
from benchmarks.timing import milliseconds_until
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from infra.storage.sql.repository import SqlRepository
from infra.use_cases.export import export_chunks
from infra.use_cases.recommend import fresh_list

BIG = "customer-with-200000-events"
N_EVENTS = 200_000
EVENTS_PER_CALL, ITEMS_PER_ORDER = 500, 10
N_ERASED = 300
N_EACH = 10
PAUSE_SECONDS = 0.005
"""Between two writes of others, whether the earlier ones were answered or not."""


def measure(shop: Shop, folder: Path) -> list[Figure]:
    """Measure on a copy, which has fewer customers afterwards."""
    database = folder / "personal-data.db"
    shops.copy_database(Path(shop.url.removeprefix("sqlite:///")), database)
    return uvloop.run(time_all(shop._replace(url=f"sqlite:///{database}")))


async def time_all(shop: Shop) -> list[Figure]:
    rng = np.random.default_rng(19)
    figures: list[Figure] = []
    async with shops.repository_of(shop) as repository:
        await create(repository, shop, rng)
        # The first list of a process reads the model.
        await fresh_list(repository, shop.customer_ids[-1], now=datetime.now(UTC))
        others = shop.customer_ids[N_ERASED + 1 :]
        first, *erased = shop.customer_ids[: N_ERASED + 1]

        async def record_view() -> None:
            view = BrowsingEvent(customer_id=BIG, product_id=shop.product_ids[int(shop.products[0])])
            await repository.record([view], now=datetime.now(UTC))

        async def export() -> None:
            async for _ in export_chunks(repository, BIG):
                pass

        async def erase_many() -> None:
            await asyncio.gather(*(repository.erase(customer_id) for customer_id in erased))

        steps: dict[str, tuple[Callable[[], Awaitable[object]], int]] = {
            "nothing": (lambda: asyncio.sleep(0.05), 20),
            "recording a view": (record_view, N_EACH),
            "the first list, which packs the history": (lambda: fresh_list(repository, BIG, now=datetime.now(UTC)), 1),
            "a fresh list": (lambda: fresh_list(repository, BIG, now=datetime.now(UTC)), N_EACH),
            "the profile": (lambda: repository.profile(BIG), N_EACH),
            "the export": (export, 3),
            "the first erasure of a process": (lambda: repository.erase(first), 1),
            "the erasure": (lambda: repository.erase(BIG), 1),
            f"{N_ERASED} erasures at once": (erase_many, 1),
        }
        for what, (call, n) in steps.items():
            figures += await beside_others(repository, shop, others, what=what, call=call, n=n)
    return figures


async def create(repository: SqlRepository, shop: Shop, rng: np.random.Generator) -> None:
    """Record as many views as purchases, one of each a minute, in calls as the API allows them."""
    newest = datetime.fromtimestamp(float(shop.occurred_at.max()) / 1e6, UTC)
    products = iter(shop.draw_products(rng, N_EVENTS))
    await repository.create_customer(NewCustomer(customer_id=BIG), now=newest)
    for first in range(0, N_EVENTS // 2, EVENTS_PER_CALL // 2):
        minutes = range(first, first + EVENTS_PER_CALL // 2)
        views = [
            BrowsingEvent(customer_id=BIG, product_id=next(products), occurred_at=newest - timedelta(minutes=minute))
            for minute in minutes
        ]
        orders = [
            Purchase(
                customer_id=BIG,
                occurred_at=newest - timedelta(minutes=minute),
                items=tuple(OrderItem(product_id=next(products)) for _ in range(ITEMS_PER_ORDER)),
            )
            for minute in minutes[::ITEMS_PER_ORDER]
        ]
        await repository.record([*views, *orders], now=newest)


async def beside_others(
    repository: SqlRepository,
    shop: Shop,
    others: list[str],
    *,
    what: str,
    call: Callable[[], Awaitable[object]],
    n: int,
) -> list[Figure]:
    """Time `n` calls while other customers' views are recorded every 5 ms."""
    waits: list[float] = []
    customer_ids = cycle(others)
    product_id = shop.product_ids[int(shop.products[1])]

    async def record() -> None:
        view = BrowsingEvent(customer_id=next(customer_ids), product_id=product_id)
        waits.append(await milliseconds_until(repository.record([view], now=datetime.now(UTC))))

    async def keep_recording() -> None:
        async with asyncio.TaskGroup() as views:
            while not has_ended.is_set():
                views.create_task(record())
                await asyncio.sleep(PAUSE_SECONDS)

    has_ended = asyncio.Event()
    recording = asyncio.create_task(keep_recording())
    await asyncio.sleep(0.1)
    cpu_started_at = time.process_time()
    own = [await milliseconds_until(call()) for _ in range(n)]
    cpu = (time.process_time() - cpu_started_at) * 1000 / n
    has_ended.set()
    await recording
    part = f"{N_EVENTS:,} events, and others"
    p50, p99 = np.percentile(waits, [50, 99]).tolist()
    return [
        Figure(part, f"{what}, p50", float(np.median(own))),
        Figure(part, f"{what}, CPU with the others' writes", cpu),
        Figure(part, f"{what}, others' writes meanwhile, p50", p50),
        Figure(part, f"{what}, others' writes meanwhile, p99", p99),
        Figure(part, f"{what}, others' writes meanwhile, maximum", max(waits)),
    ]
