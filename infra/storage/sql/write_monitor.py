"""Whether the storage accepts writes, for the readiness of a server: lists are given also while it does not."""

import asyncio
import logging
import time

from domain.errors import StoreBusy, StoreUnavailable
from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Steps, rows

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
ANSWER_SECONDS = 0.2


class WriteMonitor:
    """Tries a small write when asked: one at a time, and at most one a second.

    A write that waits for a lock counts as refused once the engine gives up, after 5 s; a full disk refuses at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._accepts_writes = True
        self._attempt: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def accepts_writes(self) -> bool:
        """Return the outcome of the last attempt, or of a running one that ends within `ANSWER_SECONDS`."""
        if self._attempt is None and time.monotonic() >= self._next_at:
            self._attempt = asyncio.create_task(self._try_write())
        if self._attempt is not None:
            await asyncio.wait([self._attempt], timeout=ANSWER_SECONDS)
        return self._accepts_writes

    async def close(self) -> None:
        if self._attempt is not None:
            await asyncio.wait([self._attempt])

    async def _try_write(self) -> None:
        try:
            await self._engine.write(_write_nothing)
        except (StoreBusy, StoreUnavailable) as error:
            if self._accepts_writes:
                logger.error(  # noqa: TRY400 - the text is complete
                    "The storage accepts no writes (%s). Lists are still given.",
                    type(error).__name__,
                    extra={"members": {"metrics": {"writes_accepted": 0}}},
                )
            self._accepts_writes = False
        else:
            if not self._accepts_writes:
                logger.warning("The storage accepts writes again.", extra={"members": {"metrics": {"writes_accepted": 1}}})
            self._accepts_writes = True
        finally:
            self._next_at = time.monotonic() + INTERVAL_SECONDS
            self._attempt = None


def _write_nothing() -> Steps[None]:
    """Write a row and delete it: a statement that changes nothing would not write to a full disk."""
    yield from rows("INSERT INTO product_trends (model_id, category, products) VALUES ('', '', :products)", products=b"")
    yield from rows("DELETE FROM product_trends WHERE model_id = ''")
