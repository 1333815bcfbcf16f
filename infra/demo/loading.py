"""Load the demo shop into a database, train on it, and give it lists that were seen, rules and an experiment."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from domain.ports.ingest import IngestStore
from domain.ports.shop import ShopStore
from domain.records.audit import THE_APP
from domain.records.imports import ImportedEvent
from domain.records.impressions import MAX_SHOWN_PRODUCTS
from infra.demo.experiments import EXPERIMENT_DAYS, demo_experiment
from infra.demo.generate import DemoShop, demo_shop
from infra.demo.rules import demo_rules
from infra.demo.seen_lists import MAX_PRODUCTS, SeenLists, seen_lists
from infra.use_cases.experiments import save_experiment
from infra.use_cases.recommend import fresh_list
from infra.use_cases.rules import save_rule
from infra.use_cases.signing_key import signing_key_of
from infra.use_cases.train import TuningBudget, train

T = TypeVar("T")
WriteText = Callable[[str], None]

BATCH_SIZE = 250
"""Records per call; an order has at most three items, which keeps a batch below 1,000 rows."""

N_STORED_LISTS = 40


async def prepare_demo_shop(store: ShopStore, *, write: WriteText = lambda _: None) -> None:
    """Load the demo shop and train on it, unless the store already has products.

    `write` receives the progress messages, which include their line ends.
    """
    if (await store.summary()).n_products:
        return
    now = datetime.now(UTC)
    shop = demo_shop(now=now)
    seen = seen_lists(shop, now=now)
    with _timed(f"Loading the demo shop: {shop.summary}", write):
        await load_demo_shop(store, seen.without_references(shop), now=now)
        await record_seen_lists(store, seen, now=now)
        for rule in demo_rules():
            await save_rule(store, rule, now=now, actor=THE_APP)
        # Saved at its beginning, as an experiment never begins before it is saved.
        begins_at = now - timedelta(days=EXPERIMENT_DAYS)
        await save_experiment(store, demo_experiment(begins_at=begins_at), now=begins_at, actor=THE_APP)
    with _timed("Training", write):
        await train(store, now=now, budget=TuningBudget(trials=0))
        customers = [customer.customer_id for customer in shop.customers if not customer.is_guest]
        # A shop has stored lists of those who were there last.
        for customer_id in customers[-N_STORED_LISTS:]:
            await fresh_list(store, customer_id, now=now)


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


async def record_seen_lists(store: ShopStore, seen: SeenLists, *, now: datetime) -> None:
    """Record what was seen of lists, and the events that name them, as the API does."""
    key = await signing_key_of(store)
    for events in seen.events_by_customer(key):
        await store.record(events, now=now)
    for shown_at, shown in seen.by_instant(key):
        for lists in _batches(shown, size=MAX_SHOWN_PRODUCTS // MAX_PRODUCTS):
            await store.record_impressions(lists, now=shown_at)


def _batches(records: Sequence[T], *, size: int = BATCH_SIZE) -> Iterator[Sequence[T]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]


@contextmanager
def _timed(task: str, write: WriteText) -> Generator[None]:
    write(f"{task} ... ")
    started_at = time.monotonic()
    yield
    write(f"done in {time.monotonic() - started_at:.1f} s\n")
