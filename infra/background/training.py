"""Train beside a running server, in a child process of low priority that does not slow down requests."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from domain.errors import ShopError
from domain.ports.repository import Repository
from infra.logs import describe_error
from infra.storage.opening import Storage
from infra.tasks import background_task

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 60.0
NICENESS = 10
"""Added to the server's own niceness; the system limits the sum."""
TRAIN_COMMAND = (sys.executable, str(Path(__file__).parents[2] / "main.py"), "train")


@asynccontextmanager
async def train_when_due(storage: Storage) -> AsyncGenerator[None]:
    """Train each time `TRAIN_AFTER_EVENTS` events have been recorded since the last training; 0 disables this."""
    after_events = storage.settings().train_after_events
    if after_events == 0:
        yield
        return
    async with background_task(poll_and_train((await storage.shop()).repository, after_events=after_events)):
        yield


async def poll_and_train(
    repository: Repository,
    *,
    after_events: int,
    command: Sequence[str] = TRAIN_COMMAND,
    poll_seconds: float = POLL_SECONDS,
    retry_seconds: float = RETRY_SECONDS,
) -> None:
    """Run `command` whenever a training is due, until cancelled; after a failure, wait `retry_seconds`."""
    while True:
        await asyncio.sleep(poll_seconds)
        try:
            is_due = (await repository.summary()).n_events_untrained >= after_events
        except ShopError as error:
            logger.warning("Cannot check whether a training is due: %s.", type(error).__name__)
            await asyncio.sleep(retry_seconds)
            continue
        if is_due and not await _succeeds(command):
            logger.warning("The background training failed; the current model stays in use.")
            await asyncio.sleep(retry_seconds)


async def train_in_child(command: Sequence[str]) -> int:
    """Run a training command in a low-priority process and return its exit code; raise OSError if it cannot start."""
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    try:
        # Best effort: the process may have ended already, and a hardened container may forbid the call.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


async def _succeeds(command: Sequence[str]) -> bool:
    try:
        return await train_in_child(command) == 0
    except OSError as error:
        logger.warning("Cannot start the background training: %s", describe_error(error))
        return False
