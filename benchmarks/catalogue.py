"""Filtered lists, and changes of products over HTTP, on a synthetic shop whose products have tags and attributes."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import uvloop
from rich.console import Console

from benchmarks import servers
from benchmarks.client import Client
from benchmarks.cpu import cpu_seconds
from benchmarks.synthetic import N_BRANDS, N_COLOURS, N_LINES, N_TAGS
from benchmarks.synthetic_shops import N_CUSTOMERS
from benchmarks.timing import milliseconds_of, milliseconds_until
from domain.errors import CustomerNotFound
from domain.records.products import ProductChange
from domain.records.recommendations import ListRequest
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.recommend import current_list, fresh_list

N_LISTS = 300
N_READERS, N_READS, N_SECONDS = 200, 20, 300
"""Customers with stored lists, how many of them ask in a second, and for how long."""
console = Console(width=120)


def measure(database: Path, *, n_products: int) -> None:
    uvloop.run(_measure_filters(f"sqlite:///{database}"))
    uvloop.run(_measure_reuse(f"sqlite:///{database}", n_products=n_products))
    _measure_updates(f"sqlite:///{database}", n_products=n_products)


def filters(rng: np.random.Generator) -> dict[str, Callable[[], ListRequest]]:
    """Return functions that draw a request: from filters that many products pass to those that a hundred do."""

    def one_of(name: str, n: int) -> frozenset[str]:
        return frozenset({f"{name}-{rng.integers(n)}"})

    def brand() -> str:
        return f"Maker {rng.integers(N_BRANDS)}"

    return {
        "no filter": ListRequest,
        f"one of {N_BRANDS} brands": lambda: ListRequest(brands=frozenset({brand()})),
        "two brands": lambda: ListRequest(brands=frozenset({brand(), brand()})),
        f"one of {N_TAGS} tags": lambda: ListRequest(tags=one_of("tag", N_TAGS)),
        f"one of {N_COLOURS} colours, up to a price": lambda: ListRequest(
            attributes=(("colour", one_of("colour", N_COLOURS)),), max_price=30.0
        ),
        f"one of {N_LINES} product lines": lambda: ListRequest(attributes=(("line", one_of("line", N_LINES)),)),
    }


async def _measure_filters(url: str) -> None:
    """Print the times of fresh lists; those of the first hundred of each filter do not count."""
    rng = np.random.default_rng(16)
    async with open_repository(Settings(database_url=url)) as repository:
        for name, draw in filters(rng).items():
            milliseconds: list[float] = []
            for customer in rng.integers(N_CUSTOMERS, size=N_LISTS + 100).tolist():
                await repository.customer_state(f"c-{customer}")
                making = fresh_list(repository, f"c-{customer}", request=draw(), now=datetime.now(UTC))
                milliseconds.append(await milliseconds_until(making))
            p50, p99 = np.percentile(milliseconds[100:], [50, 99])
            console.print(f"fresh list, {name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms")


async def _measure_reuse(url: str, *, n_products: int) -> None:
    """Print how many lists are stored ones while one product changes every second, price and stock in turns."""
    rng = np.random.default_rng(18)
    drawn = [f"c-{customer}" for customer in rng.choice(N_CUSTOMERS, size=2 * N_READERS, replace=False).tolist()]
    customer_ids: list[str] = []
    now, n_cached = datetime.now(UTC), 0
    async with open_repository(Settings(database_url=url)) as repository:
        for customer_id in drawn:
            # Some have no events, so nobody knows them.
            with suppress(CustomerNotFound):
                await current_list(repository, customer_id, now=now, reuse_seconds=3600)
                customer_ids.append(customer_id)
        for second in range(N_SECONDS):
            now += timedelta(seconds=1)
            product_id, price = f"p-{rng.integers(n_products)}", round(float(rng.lognormal(3.0, 0.8)), 2)
            change = {"price": price} if second % 2 else {"in_stock": bool(rng.integers(2))}
            await repository.update_products([ProductChange(product_id=product_id, **change)], now=now)
            for customer_id in rng.choice(customer_ids, size=N_READS, replace=False).tolist():
                n_cached += (await current_list(repository, customer_id, now=now, reuse_seconds=3600)).cached
    share = n_cached / (N_SECONDS * N_READS)
    console.print(f"stored lists that are reused under one change a second: {share:.1%} of {N_SECONDS * N_READS:,}")


def _measure_updates(url: str, *, n_products: int) -> None:
    """Print the times of changes of price, stock, tags and attributes."""
    rng = np.random.default_rng(17)
    with servers.shop(url) as server, Client(server.url) as client:
        for n, times in ((1, 200), (500, 40)):
            bodies = [_body(rng, n, n_products=n_products) for _ in range(times)]
            started_at = cpu_seconds(server.process_id)
            p50, p99 = np.percentile(
                [milliseconds_of(lambda body=body: client.post("/products/update", body)) for body in bodies], [50, 99]
            )
            cpu = (cpu_seconds(server.process_id) - started_at) * 1000 / times
            console.print(f"products/update, {n} products: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {cpu:.1f} ms of CPU")


def _body(rng: np.random.Generator, n: int, *, n_products: int) -> dict[str, object]:
    products = [
        {
            "product_id": f"p-{product}",
            "price": round(float(rng.lognormal(3.0, 0.8)), 2),
            "in_stock": int(rng.integers(1, 40)),
            "tags": [f"tag-{rng.integers(N_TAGS)}"],
            "attributes": {"colour": f"colour-{rng.integers(N_COLOURS)}", "size": int(rng.integers(30, 48))},
        }
        for product in rng.choice(n_products, size=n, replace=False).tolist()
    ]
    return {"products": products}
