"""Training: read all events, learn, switch to the new model; one at a time per database."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import numpy as np

from domain.event_log import EVENT_TYPES, EventLog
from domain.fields import new_id, to_microseconds
from domain.model import Model
from domain.ports import ModelStore, TrainingEvent
from domain.products import Product
from domain.training import train_model

LOCK_SECONDS = 900
RENEW_SECONDS = 60.0


async def train(store: ModelStore, *, now: datetime) -> Model:
    """Train on all that is stored and switch to the result; raise TrainingRunning while another training runs.

    Whatever ends it half-way, the model in use stays.
    """
    async with _locked(store, now=now):
        log = await read_events(store)
        products = await read_products_of(store)
        trained = await asyncio.to_thread(
            train_model,
            log,
            products,
            assigned=await store.assigned_segments(),
            model_id=new_id(),
            trained_at=to_microseconds(now),
        )
        await store.save_model(trained)
    return trained.model


async def train_in_child(command: Sequence[str]) -> int:
    """Run a training command as a process of its own with the lowest priority; return its exit code."""
    child = await asyncio.create_subprocess_exec("nice", *command, stdin=asyncio.subprocess.DEVNULL)
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


async def read_events(store: ModelStore) -> EventLog:
    """Read all events into arrays, a batch at a time."""
    numbers: dict[str, int] = {}
    batches = [_arrays(batch, numbers) async for batch in store.training_events()]
    columns = [np.concatenate(column) for column in zip(_arrays([], numbers), *batches, strict=True)]
    customers, products, event_types, occurred_at, orders, spent = columns
    return EventLog(
        customer_ids=list(numbers),
        customers=customers,
        products=products,
        event_types=event_types,
        occurred_at=occurred_at,
        orders=orders,
        spent=spent,
    )


async def read_products_of(store: ModelStore) -> list[Product]:
    """Read the whole catalogue."""
    return [product async for batch in store.training_products() for product in batch]


def _arrays(batch: Sequence[TrainingEvent], numbers: dict[str, int]) -> tuple[np.ndarray, ...]:
    """Turn a batch into the columns of an event log, numbering new customers on the way."""
    types = {event_type: code for code, event_type in enumerate(EVENT_TYPES)}
    return (
        np.array([numbers.setdefault(event.customer_id, len(numbers)) for event in batch], dtype=np.int64),
        np.array([event.product_index for event in batch], dtype=np.int64),
        np.array([types[event.event_type] for event in batch], dtype=np.int8),
        np.array([event.occurred_at for event in batch], dtype=np.int64),
        np.array([number_of(event.order_id) for event in batch], dtype=np.int64),
        np.array([event.spent for event in batch], dtype=np.float64),
    )


def number_of(order_id: str | None) -> int:
    """Hash an order id to 63 bits: enough to tell a customer's orders apart, without keeping them all."""
    if order_id is None:
        return 0
    return int.from_bytes(hashlib.blake2b(order_id.encode(), digest_size=8).digest()) >> 1


@asynccontextmanager
async def _locked(store: ModelStore, *, now: datetime) -> AsyncGenerator[None]:
    holder = new_id()
    await store.lock_training(holder, now=now, seconds=LOCK_SECONDS)
    renewing = asyncio.create_task(_renew(store, holder))
    try:
        yield
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await store.unlock_training(holder)


async def _renew(store: ModelStore, holder: str) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await store.lock_training(holder, now=datetime.now(UTC), seconds=LOCK_SECONDS)
