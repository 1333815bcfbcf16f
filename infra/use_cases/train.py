"""Training: read all events, learn, switch to the new model; one at a time per database."""

import asyncio
import hashlib
import math
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import numpy as np
from msgspec import Struct

from domain.errors import StoreBusy, StoreUnavailable
from domain.ports import ModelStore, TrainingEvent
from domain.ranking.model import Model, TunedConfig
from domain.records.customers import Segment
from domain.records.products import Product
from domain.records.values import new_id, to_microseconds
from domain.training.event_log import EVENT_TYPES, EventLog
from domain.training.train import train_model
from domain.tuning.tune import default_trials, is_due, tune
from infra.tasks import background_task

LOCK_SECONDS = 900
RENEW_SECONDS = 60.0
NICENESS = 10
"""By how much a training beside a server comes after it; the system bounds the sum."""


class TuningBudget(Struct, frozen=True, kw_only=True):
    """How much tuning a training may take.

    `trials` None leaves their number to the size of the data, where tuning is due, and else keeps what the model in use
    was tuned to; 0 keeps it in any case. `seconds` ends the tuning after the trial in progress.
    """

    trials: int | None = None
    seed: int = 0
    seconds: float = math.inf


DEFAULT_BUDGET = TuningBudget()


async def train(
    store: ModelStore,
    *,
    now: datetime,
    budget: TuningBudget = DEFAULT_BUDGET,
    on_trial: Callable[[int], None] | None = None,
) -> Model:
    """Train on all that is stored and switch to the result; raise TrainingRunning while another training runs.

    Whatever ends it half-way, the model in use stays. `on_trial` is told, in another thread, how many trials are done.
    """
    async with _locked(store, now=now):
        log = await read_events(store)
        products = await read_catalogue(store)
        assigned, model = await store.assigned_segments(), await store.current_model()
        trained = await asyncio.to_thread(
            lambda: train_model(
                log,
                products,
                assigned=assigned,
                model_id=new_id(),
                trained_at=to_microseconds(now),
                choice=_chosen(log, products, assigned, model, budget=budget, on_trial=on_trial),
            )
        )
        await store.save_model(trained)
    return trained.model


def _chosen(
    log: EventLog,
    products: Sequence[Product],
    assigned: Mapping[str, Segment],
    model: Model,
    *,
    budget: TuningBudget,
    on_trial: Callable[[int], None] | None,
) -> TunedConfig:
    """Tune where that is wanted or due, else keep what the model in use was tuned to."""
    trials = budget.trials
    if trials is None:
        trials = default_trials(log) if is_due(model.tuning, log) else 0
    if trials == 0:
        return model.choice
    ends_at = time.monotonic() + budget.seconds

    def goes_on(done: int) -> bool:
        if on_trial:
            on_trial(done)
        return time.monotonic() < ends_at

    return tune(log, products, assigned=assigned, trials=trials, seed=budget.seed, on_trial=goes_on)


async def train_in_child(command: Sequence[str]) -> int:
    """Run a training command as a process of its own, behind all others; return its exit code.

    Raise OSError where the system starts no process.
    """
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    try:
        # It may have ended already, and a hardened container may refuse it: it is a wish.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
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


async def read_catalogue(store: ModelStore) -> list[Product]:
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
    try:
        async with background_task(_renew(store, holder)):
            yield
    finally:
        await store.unlock_training(holder)


async def _renew(store: ModelStore, holder: str) -> None:
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        # The lock outlasts many renewals: a storage that is away for a moment costs no training.
        with suppress(StoreBusy, StoreUnavailable):
            await store.lock_training(holder, now=datetime.now(UTC), seconds=LOCK_SECONDS)
