"""Training beside a running server: in a child process, so that requests keep their latency."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from domain.errors import ShopError
from domain.ports import Repository
from infra.logs import describe_error
from infra.storage.opening import Storage
from infra.tasks import background_task
from infra.use_cases.train import train_in_child

logger = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
PAUSE_SECONDS = 60.0
TRAIN = (sys.executable, str(Path(__file__).parents[2] / "main.py"), "train")


@asynccontextmanager
async def train_when_due(storage: Storage) -> AsyncGenerator[None]:
    """While the application runs, train whenever `TRAIN_AFTER_EVENTS` more events are there than at the last training."""
    after_events = storage.settings().train_after_events
    if after_events == 0:
        yield
        return
    async with background_task(watch((await storage.shop()).repository, after_events=after_events)):
        yield


async def watch(
    repository: Repository,
    *,
    after_events: int,
    command: Sequence[str] = TRAIN,
    check_seconds: float = CHECK_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
) -> None:
    """Train by `command` whenever it is due, until cancelled; wait after a failure, of a training or of the storage."""
    while True:
        await asyncio.sleep(check_seconds)
        try:
            is_due = (await repository.summary()).n_events_untrained >= after_events
        except ShopError as error:
            logger.warning("Whether a training is due is not known: %s.", type(error).__name__)
            await asyncio.sleep(pause_seconds)
            continue
        if is_due and not await _succeeds(command):
            logger.warning("The training in the background failed; the model in use stays.")
            await asyncio.sleep(pause_seconds)


async def _succeeds(command: Sequence[str]) -> bool:
    try:
        return await train_in_child(command) == 0
    except OSError as error:
        logger.warning("The training in the background could not be started: %s", describe_error(error))
        return False
