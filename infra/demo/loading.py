"""Load the demo shop into a database and train on it."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from domain.ports.ingest import IngestStore
from domain.ports.shop import ShopStore
from domain.records.imports import ImportedEvent
from infra.demo.generate import DemoShop, demo_shop
from infra.use_cases.train import TuningBudget, train

T = TypeVar("T")
WriteText = Callable[[str], None]

BATCH_SIZE = 250
"""Records per call; an order has at most three items, which keeps a batch below 1,000 rows."""


async def prepare_demo_shop(store: ShopStore, *, write: WriteText = lambda _: None) -> None:
    """Load the demo shop and train on it, unless the store already has products.

    `write` receives the progress messages, which include their line ends.
    """
    if (await store.summary()).n_products:
        return
    now = datetime.now(UTC)
    shop = demo_shop(now=now)
    with _timed(f"Loading the demo shop: {shop.summary}", write):
        await load_demo_shop(store, shop, now=now)
    with _timed("Training", write):
        await train(store, now=now, budget=TuningBudget(trials=0))


async def load_demo_shop(store: IngestStore, shop: DemoShop, *, now: datetime) -> None:
    """Load a demo shop without training; loading it again changes nothing."""
    for products in _batches(shop.products):
        await store.put_products(products, now=now)
    for customers in _batches(shop.customers):
        await store.put_customers(customers, now=now)
    for events in _batches(shop.events):
        await store.put_events([ImportedEvent(event=event) for event in events], create_products=False, now=now)
    for returns in _batches(shop.returns):
        await store.put_returns(returns, now=now)


def _batches(records: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(records), BATCH_SIZE):
        yield records[start : start + BATCH_SIZE]


@contextmanager
def _timed(task: str, write: WriteText) -> Generator[None]:
    write(f"{task} ... ")
    started_at = time.monotonic()
    yield
    write(f"done in {time.monotonic() - started_at:.1f} s\n")
