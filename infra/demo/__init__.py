"""A demo shop, made by a seeded generator: the same seed and moment give the same shop."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from typing import TypeVar

from msgspec import Struct

from domain.ports import IngestStore
from domain.records.customers import CustomerChange
from domain.records.interactions import CustomerEvent
from domain.records.products import ProductChange
from infra.demo.catalogue import catalogue
from infra.demo.shoppers import history, shoppers

__all__ = ["DemoShop", "demo_shop", "load_demo_shop"]

T = TypeVar("T")
SEED = 7
BATCH = 250
"""Events in a batch: an order has at most four items, so that a batch stays below 1,000 rows."""


class DemoShop(Struct, frozen=True, kw_only=True):
    products: list[ProductChange]
    customers: list[CustomerChange]
    events: list[CustomerEvent]


def demo_shop(*, now: datetime, seed: int = SEED) -> DemoShop:
    """Make the shop as it is at `now`; nobody in it exists."""
    # A shop that looks the same to everyone needs a seed, not a secret.
    random = Random(seed)  # noqa: S311
    products = catalogue(random, now=now)
    customers = shoppers(random)
    return DemoShop(
        products=[product.change for product in products],
        customers=[customer.change for customer in customers],
        events=history(random, customers, products, now=now),
    )


async def load_demo_shop(store: IngestStore, *, now: datetime) -> None:
    """Put the demo shop into storage."""
    shop = demo_shop(now=now)
    for products in _batches(shop.products):
        await store.put_products(products, now=now)
    for customers in _batches(shop.customers):
        await store.put_customers(customers, now=now)
    for events in _batches(shop.events):
        await store.put_events(events, create_products=False, now=now)


def _batches(records: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(records), BATCH):
        yield records[first : first + BATCH]
