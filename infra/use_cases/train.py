"""Train: read all events, learn, switch to the new model; one training at a time per database."""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import numpy as np
from msgspec import Struct

from domain.errors import StoreBusy, StoreUnavailable
from domain.ports import ModelStore, TrainingEvent
from domain.ranking.model import Model, TrainedModel, TunedConfig
from domain.records.values import to_microseconds
from domain.training.event_log import EVENT_TYPES, EventLog, order_number
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from domain.tuning.tune import Trials, default_trials, is_due, tune
from infra.storage.ids import new_id
from infra.tasks import background_task

LOCK_SECONDS = 30
"""How long the lock of a killed training lasts: several renewals, so that a short outage does not end a training."""
RENEW_SECONDS = 5.0

OnTrial = Callable[[int], None]
"""Receives the number of finished trials, in another thread."""


class TuningBudget(Struct, frozen=True, kw_only=True):
    """How much tuning a training may do.

    With `trials` "auto", a tuning that is due takes as many trials as suit the data, and else the config of the current
    model stays; with 0 it always stays. `seconds` ends the tuning after the trial in progress.
    """

    trials: Trials = "auto"
    seed: int = 0
    seconds: float = math.inf


DEFAULT_BUDGET = TuningBudget()


async def train(
    store: ModelStore, *, now: datetime, budget: TuningBudget = DEFAULT_BUDGET, on_trial: OnTrial | None = None
) -> Model:
    """Train on all stored events and switch to the result; raise TrainingRunning while another training runs.

    If the training ends early, for whatever reason, the current model stays.
    """
    async with _locked(store, now=now):
        data = await read_training_data(store)
        current = await store.current_model()

        def learn() -> TrainedModel:
            config = _choose_config(data, current, budget=budget, on_trial=on_trial)
            return train_model(data, config=config, model_id=new_id(), trained_at=to_microseconds(now))

        trained = await _in_thread(learn)
        await store.save_model(trained)
    return trained.model


async def _in_thread(learn: Callable[[], TrainedModel]) -> TrainedModel:
    """Run `learn` in a thread that a cancelled training leaves behind; asyncio would wait for its default threads."""
    executor = ThreadPoolExecutor(1)
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, learn)
    finally:
        executor.shutdown(wait=False)


def _choose_config(data: TrainingData, current: Model, *, budget: TuningBudget, on_trial: OnTrial | None) -> TunedConfig:
    """Tune if `budget` requires it or if a tuning is due, else keep the config of the current model."""
    trials = budget.trials
    if trials == "auto":
        trials = default_trials(data.log) if is_due(current.config.tuning, data.log) else 0
    ends_at = time.monotonic() + budget.seconds

    def report(done: int) -> bool:
        if on_trial:
            on_trial(done)
        return time.monotonic() < ends_at

    return tune(data, trials=trials, seed=budget.seed, on_trial=report, in_use=current.config)


async def read_training_data(store: ModelStore) -> TrainingData:
    """Read everything that training learns from."""
    log = await _read_events(store)
    products = [product async for batch in store.training_products() for product in batch]
    return TrainingData(log=log, products=products, assigned=await store.assigned_segments())


async def _read_events(store: ModelStore) -> EventLog:
    """Read all events into arrays, in batches."""
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


def _arrays(batch: Sequence[TrainingEvent], numbers: dict[str, int]) -> tuple[np.ndarray, ...]:
    """Return a batch as the columns of an event log; new customers get the next numbers."""
    types = {event_type: code for code, event_type in enumerate(EVENT_TYPES)}
    # The items of an order come together, so its id is hashed once.
    order_numbers = {order_id: order_number(order_id) for order_id in {event.order_id for event in batch}}
    return (
        np.array([numbers.setdefault(event.customer_id, len(numbers)) for event in batch], dtype=np.int64),
        np.array([event.product_index for event in batch], dtype=np.int64),
        np.array([types[event.event_type] for event in batch], dtype=np.int8),
        np.array([event.occurred_at for event in batch], dtype=np.int64),
        np.array([order_numbers[event.order_id] for event in batch], dtype=np.int64),
        np.array([event.spent for event in batch], dtype=np.float64),
    )


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
        with suppress(StoreBusy, StoreUnavailable):
            await store.lock_training(holder, now=datetime.now(UTC), seconds=LOCK_SECONDS)
