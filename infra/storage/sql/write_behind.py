"""Writes that follow the answer and may be lost: the last use of keys, stored lists and packed histories.

The last two are only valid for the versions they name.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable
from typing import Any

from domain.errors import StoreBusy, StoreUnavailable
from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Steps

MAX_PENDING = 1000
MAX_WAIT_SECONDS = 0.5
"""How long an answer may wait for such a write where nothing can be written after it."""
logger = logging.getLogger(__name__)

Write = tuple[Callable[..., Steps[None]], tuple[Any, ...]]
"""A transaction and its arguments."""


class WriteBehind:
    """Collect writes for `delay_seconds` and make them together; a later write replaces one with the same key.

    Losing a write costs at most the computation of what it would have stored, so it needs no durable commit, and a storage
    that refuses it is no error of the request. With a delay of 0, `put` makes the write before it returns, or goes on after
    `MAX_WAIT_SECONDS`: an environment of AWS Lambda may stop after the answer.
    """

    def __init__(self, engine: Engine, *, delay_seconds: float) -> None:
        self._pending: dict[Hashable, Write] = {}
        self._being_made: dict[Hashable, Write] = {}
        self._engine = engine
        self._delay_seconds = delay_seconds
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    def pending(self, key: Hashable) -> tuple[Any, ...] | None:
        """Return the arguments of the write with this key that is collected or being made."""
        write = self._pending.get(key) or self._being_made.get(key)
        return None if write is None else write[1]

    async def put(self, key: Hashable, transaction: Callable[..., Steps[None]], *arguments: Any) -> None:
        """Collect a write."""
        self._pending.pop(key, None)
        self._pending[key] = transaction, arguments
        if not self._delay_seconds:
            flushing = asyncio.create_task(self._flush())
            done, _ = await asyncio.wait([flushing], timeout=MAX_WAIT_SECONDS)
            for task in done:
                task.result()
            return
        if len(self._pending) > MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush_later())

    async def close(self) -> None:
        """Make the collected writes and stop."""
        self._delay_seconds = 0.0
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._flush()

    async def _flush_later(self) -> None:
        while self._pending:
            await asyncio.sleep(self._delay_seconds)
            await asyncio.shield(self._flush())

    async def _flush(self) -> None:
        """Make all collected writes, after those that are being made."""
        async with self._writing:
            self._being_made, self._pending = self._pending, {}
            try:
                if self._being_made:
                    await self._engine.put(_run_all, list(self._being_made.values()))
            except (StoreBusy, StoreUnavailable) as error:
                logger.warning("Lists or the last use of keys were not stored; lists are computed again: %s", error)
            finally:
                self._being_made = {}


def _run_all(writes: list[Write]) -> Steps[None]:
    for transaction, arguments in writes:
        yield from transaction(*arguments)
