"""The shop to measure: its database, and the customers, products and categories to draw requests from."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.servers import ROOT
from domain.records.products import category_levels
from infra.background.gc import tune_gc
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.storage.sql.repository import SqlRepository

MIN_CATEGORY_PRODUCTS = 100


class Shop(NamedTuple):
    """A shop with its events (n,) as indexes of customers and products, and microseconds; categories have 100 products."""

    url: str
    currency: str
    customer_ids: list[str]
    product_ids: dict[int, str]
    categories: list[str]
    customers: np.ndarray
    products: np.ndarray
    occurred_at: np.ndarray

    def customer_with(self, n_events: int) -> str:
        """Return a customer whose number of events is the nearest to `n_events`."""
        return self.customer_ids[int(np.argmin(np.abs(np.bincount(self.customers) - n_events)))]

    def draw_customers(self, rng: np.random.Generator, n: int) -> list[str]:
        """Draw customers, each with the same probability and at most once in a round of all."""
        n_rounds = -(-n // len(self.customer_ids))
        drawn = np.concatenate([rng.permutation(len(self.customer_ids)) for _ in range(n_rounds)])[:n]
        return [self.customer_ids[index] for index in drawn]

    def draw_products(self, rng: np.random.Generator, n: int) -> list[str]:
        """Draw products as often as they occur in events."""
        return [self.product_ids[index] for index in self.products[rng.integers(len(self.products), size=n)].tolist()]

    def draw_views(self, rng: np.random.Generator, n: int, *, n_customers: int) -> list[dict[str, str]]:
        """Draw bodies of `process-browsing` by `n_customers` customers, who take turns."""
        customers = self.draw_customers(rng, n_customers)
        drawn = zip((customers * (1 + n // n_customers))[:n], self.draw_products(rng, n), strict=True)
        return [{"customer_id": customer_id, "product_id": product_id} for customer_id, product_id in drawn]


@asynccontextmanager
async def repository_of(shop: Shop) -> AsyncIterator[SqlRepository]:
    """Open the repository of a shop in this process, with the garbage collector as in a server."""
    async with open_repository(Settings(database_url=shop.url, currency=shop.currency)) as repository, tune_gc():
        yield repository


async def read_shop(database: Path) -> Shop:
    """Read events and products through the repository."""
    url = f"sqlite:///{database}"
    customers: dict[str, int] = {}
    events: list[np.ndarray] = []
    async with open_repository(Settings(database_url=url)) as repository:
        async for batch in repository.training_events():
            rows = [(customers.setdefault(e.customer_id, len(customers)), e.product_index, e.occurred_at) for e in batch]
            events.append(np.array(rows, dtype=np.int64))
        products = [product async for batch in repository.training_products() for product in batch]
    sizes = Counter(level for product in products for level in category_levels(product.category))
    return Shop(
        url,
        products[0].currency,
        list(customers),
        {product.product_index: product.product_id for product in products},
        sorted(category for category, n in sizes.items() if n >= MIN_CATEGORY_PRODUCTS),
        *np.concatenate(events).T,
    )


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file, which may be in use, so that the measurements do not change it."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as original, closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
    target.chmod(0o600)


def create_complete_journey(database: Path, *, folder: Path, peer_python: str) -> None:
    """Import The Complete Journey from its package, which the peer's environment has, and train on it."""
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{database}", "CURRENCY": "USD"}
    main = [sys.executable, "main.py"]
    for command in (
        [peer_python, "benchmarks/complete_journey.py", str(folder)],
        [*main, "import", "products", str(folder / "products.csv"), "--no-train"],
        [*main, "import", "events", str(folder / "events.csv"), "--create-products", "--no-train"],
        [*main, "train", "--trials", "0"],
    ):
        # An import with refused lines ends with 3: The Complete Journey has lines with quantity 0.
        status = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False).returncode
        if status not in {0, 3}:
            raise subprocess.CalledProcessError(status, command)
