"""Entries of the audit that follow the answer, and none of which may be lost but by the end of its process."""

import asyncio
import logging

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.audit import Act
from infra.storage.sql import audit
from infra.storage.sql.engine import Engine

MAX_WAITING = 10_000
logger = logging.getLogger(__name__)


class AuditBuffer:
    """Collect entries for `delay_seconds` and make them durable together; what storage refuses is tried again.

    With a delay of 0, `put` returns after its entry is durable, or raises: an environment of AWS Lambda may stop after the
    answer.
    """

    def __init__(self, engine: Engine, *, delay_seconds: float) -> None:
        self._engine = engine
        self._delay_seconds = delay_seconds
        self._waiting: list[audit.StampedAct] = []
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._is_refused = False

    async def put(self, act: Act) -> None:
        """Collect an entry; raise StoreUnavailable if `MAX_WAITING` could not be written."""
        if not self._delay_seconds:
            await self._engine.write(audit.add, [audit.stamp(act)])
            return
        if len(self._waiting) >= MAX_WAITING:
            raise StoreUnavailable("The audit cannot be written.")
        self._waiting.append(audit.stamp(act))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._flush_later())

    async def close(self) -> None:
        """Write what waits, and stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        while self._waiting and await self._flush():
            pass
        if self._waiting:
            logger.error("%d entries of the audit are lost: the storage accepted no writes.", len(self._waiting))

    async def _flush_later(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._delay_seconds)
            await asyncio.shield(self._flush())

    async def _flush(self) -> bool:
        """Write one batch, and return whether the storage accepted it."""
        async with self._writing:
            batch = self._waiting[: audit.MAX_ROWS]
            try:
                await self._engine.write(audit.add, batch)
            except (StoreBusy, StoreUnavailable) as error:
                if not self._is_refused:
                    logger.error("The audit cannot be written, and is tried again: %s", error)  # noqa: TRY400 - complete
                self._is_refused = True
                return False
            del self._waiting[: len(batch)]
            self._is_refused = False
            return True
