"""Run work that waits for a connection in batches.

A message to the thread of a connection and back takes three times as long as most look-ups, and a COMMIT takes several times
as long as the statements before it. A batch needs one message and one COMMIT for all its work (docs/adr/0008).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from domain.errors import StoreUnavailable
from infra.storage.sqlite.connection import Connection

W = TypeVar("W")


class Batcher(Generic[W]):
    """Collect submitted work while no connection is free, and run up to `max_batch_size` pieces on the next free one.

    `lend` opens a block that has a connection to itself. `run_batch` returns the result or the exception of each piece. Work
    continues when its caller is cancelled.
    """

    def __init__(
        self,
        lend: Callable[[], AbstractAsyncContextManager[Connection]],
        run_batch: Callable[[sqlite3.Connection, Sequence[W]], list[Any]],
        *,
        max_batch_size: int,
    ) -> None:
        self.max_batch_size = max_batch_size
        self.tasks: set[asyncio.Task[None]] = set()
        self._lend = lend
        self._run_batch = run_batch
        self._waiting: list[tuple[W, asyncio.Future[Any]]] = []
        self._next_task: asyncio.Task[None] | None = None
        self._is_closed = False

    def submit(self, work: W) -> asyncio.Future[Any]:
        """Return the future outcome of `work`; raise StoreUnavailable if the batcher is closed."""
        if self._is_closed:
            raise StoreUnavailable("The storage is closed.")
        result = asyncio.get_running_loop().create_future()
        self._waiting.append((work, result))
        self._start_task()
        return result

    async def close(self) -> None:
        """Finish all submitted work and refuse new work."""
        self._is_closed = True
        while self.tasks:
            await asyncio.wait(self.tasks)

    def _start_task(self) -> None:
        """Let one task at a time wait for a connection, as long as work is waiting."""
        if self._waiting and self._next_task is None:
            self._next_task = asyncio.create_task(self._run_next_batch())
            self.tasks.add(self._next_task)
            self._next_task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if self._next_task is task:  # It was cancelled before it got a connection.
            self._next_task = None
            self._start_task()

    async def _run_next_batch(self) -> None:
        async with self._lend() as connection:
            batch, self._waiting = self._waiting[: self.max_batch_size], self._waiting[self.max_batch_size :]
            self._next_task = None
            self._start_task()
            outcomes: list[Any] = []
            try:
                outcomes += await connection.run(self._run_batch, [work for work, _ in batch])
            except BaseException as error:  # noqa: BLE001 - every caller in the batch receives it
                outcomes += [_as_exception(error)] * len(batch)
        for (_, result), outcome in zip(batch, outcomes, strict=True):
            if result.done():
                continue
            if isinstance(outcome, Exception):
                result.set_exception(connection.translate(outcome))
            else:
                result.set_result(outcome)


def _as_exception(error: BaseException) -> Exception:
    """Replace a cancellation or an exit: raised in the callers, it would end tasks that nobody cancelled."""
    if isinstance(error, Exception):
        return error
    replacement = StoreUnavailable("The storage was stopped; the work may or may not be done.")
    replacement.__cause__ = error
    return replacement
