"""Train: read all events, learn, switch to the new model; one training at a time per database."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from msgspec import Struct

from domain.errors import StoreBusy, StoreUnavailable
from domain.ports.shop import ShopStore
from domain.ports.training import ModelStore, TrainingEvent
from domain.ranking.model import Model, TrainedModel, TunedConfig
from domain.records.interactions import EVENT_TYPE_CODES
from domain.records.values import to_microseconds
from domain.training.event_log import EventLog, order_number
from domain.training.train import train_model
from domain.training.training_data import TrainingData, merge_variants
from domain.tuning.tune import Trials, expected_trials, tune
from infra.progress import NoProgress, Progress
from infra.storage.ids import new_id
from infra.tasks import background_task
from infra.use_cases.training_time import TrainingClock, TrainingSize, rounded

LOCK_SECONDS = 30
"""How long the lock of a killed training lasts: several renewals, so that a short outage does not end a training."""
RENEW_SECONDS = 5.0

TICK_SECONDS = 0.5
"""How often the progress of a training is shown."""
NEARLY_DONE = 0.97

ConfigOrigin = Literal["kept", "tuned", "rejected", "nothing_to_compare", "no_time"]
"""How the config of a model was chosen: without a tuning, by one, by an earlier one that scored better, or in spite of one
that could compare nothing or had no time for a trial."""


class TuningBudget(Struct, frozen=True, kw_only=True):
    """How much tuning a training may do.

    With `trials` "auto", a tuning that is due takes as many trials as suit the data, and else the config of the current
    model stays; with 0 it always stays. `seconds` bounds the whole training: trials end while there is time for what follows
    them, and a training without time for a trial does not tune.
    """

    trials: Trials = "auto"
    seed: int = 0
    seconds: float = math.inf


DEFAULT_BUDGET = TuningBudget()


class TrainingWatcher:
    """Shows the progress of a training, and learns how its config was chosen."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.origin: ConfigOrigin = "kept"


async def train(
    store: ShopStore, *, now: datetime, budget: TuningBudget = DEFAULT_BUDGET, watcher: TrainingWatcher | None = None
) -> Model:
    """Train on all stored events and switch to the result; raise TrainingRunning while another training runs.

    If the training ends early, for whatever reason, the current model stays.
    """
    watcher = watcher or TrainingWatcher(NoProgress())
    clock = TrainingClock(budget_seconds=budget.seconds)
    async with _locked(store, now=now):
        current = await store.current_model()
        data = await _read(store, current, budget, progress=watcher.progress)
        wanted = expected_trials(len(data.log.products), current.config.tuning) if budget.trials == "auto" else budget.trials
        trials = clock.plan(_size_of(data), trials=wanted)

        def learn() -> TrainedModel:
            config = current.config
            if trials:
                config = tune(
                    data, trials=trials, seed=budget.seed, on_trial=lambda _: clock.allows_another(), in_use=config
                )
            watcher.origin = _origin_of(config, current.config, trials=trials, wanted=wanted)
            return train_model(data, config=config, model_id=new_id(), trained_at=to_microseconds(now))

        async with background_task(_show(clock, watcher.progress, is_tuning=trials > 0)):
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


async def _read(store: ShopStore, current: Model, budget: TuningBudget, *, progress: Progress) -> TrainingData:
    """Read the training data; show how far it is, and about how long the whole training will take."""
    summary = await store.summary()
    size = TrainingSize(n_events=summary.n_events, n_products=summary.n_products)
    trials = expected_trials(size.n_events, current.config.tuning) if budget.trials == "auto" else budget.trials
    seconds = min(size.seconds(trials=trials), budget.seconds)
    progress.begin(f"Reading {size.n_events:,} events; training takes about {rounded(seconds)}", size.n_events)
    return await read_training_data(store, progress=progress)


async def _show(clock: TrainingClock, progress: Progress, *, is_tuning: bool) -> None:
    """Show the seconds that passed, of those that the training takes."""
    phase = "Tuning and training" if is_tuning else "Training without tuning"
    progress.begin(f"{phase}, about {rounded(clock.total - clock.elapsed)}", math.ceil(clock.total))
    while True:
        await asyncio.sleep(TICK_SECONDS)
        # A training that takes longer than expected is nearly done, as far as anyone knows.
        progress.expect(math.ceil(max(clock.total, clock.elapsed / NEARLY_DONE)))
        progress.reach(int(clock.elapsed))


def _size_of(data: TrainingData) -> TrainingSize:
    return TrainingSize(
        n_events=len(data.log.products), n_products=len(data.products), n_customers=len(data.log.customer_ids)
    )


def _origin_of(config: TunedConfig, in_use: TunedConfig, *, trials: int, wanted: int) -> ConfigOrigin:
    if not trials:
        return "no_time" if wanted else "kept"
    if config is in_use:
        return "nothing_to_compare"
    return "rejected" if config.tuning.rejected_ndcg else "tuned"


async def read_training_data(store: ModelStore, *, progress: Progress) -> TrainingData:
    """Read everything that training learns from; `progress` reaches the number of events read."""
    log = await _read_events(store, progress=progress)
    products = [product async for batch in store.training_products() for product in batch]
    return merge_variants(log, products, await store.assigned_segments())


async def _read_events(store: ModelStore, *, progress: Progress) -> EventLog:
    """Read all events into arrays, in batches."""
    numbers: dict[str, int] = {}
    batches: list[tuple[np.ndarray, ...]] = []
    n_read = 0
    async for batch in store.training_events():
        batches.append(_arrays(batch, numbers))
        n_read += len(batch)
        progress.reach(n_read)
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
    # The items of an order come together, so its id is hashed once.
    order_numbers = {order_id: order_number(order_id) for order_id in {event.order_id for event in batch}}
    return (
        np.array([numbers.setdefault(event.customer_id, len(numbers)) for event in batch], dtype=np.int64),
        np.array([event.product_index for event in batch], dtype=np.int64),
        np.array([EVENT_TYPE_CODES[event.event_type] for event in batch], dtype=np.int8),
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
