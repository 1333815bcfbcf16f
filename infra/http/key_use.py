"""When API keys were last used, written behind the answers: no request waits for it or fails because of it."""

import asyncio
import logging
import time
from collections.abc import Callable

from domain.errors import StoreBusy, StoreUnavailable
from domain.records.api_keys import ApiKey
from infra.storage.opening import Clock, Shop, Storage

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0


class KeyUses:
    """Store the keys of the settings once per process, and the last use of each at most once a minute."""

    def __init__(self, storage: Storage, *, clock: Clock, timer: Callable[[], float] = time.monotonic) -> None:
        self._storage = storage
        self._clock = clock
        self._timer = timer
        self._next_at: dict[str, float] = {}
        self._is_known = False
        self._noting: asyncio.Task[None] | None = None

    def is_due(self, key: ApiKey) -> bool:
        return self._timer() >= self._next_at.get(key.key_id, 0.0)

    async def begin(self) -> None:
        """Store the keys when the application starts; what the storage refuses is tried again with the next use."""
        await self._note_keys(await self._storage.shop())

    async def close(self) -> None:
        if self._noting is not None:
            await asyncio.wait([self._noting])

    async def note(self, key: ApiKey) -> None:
        """Note a use; the first requests of an application without a lifespan come before the storage is open."""
        if (shop := self._storage.opened) is None:
            return
        self._next_at[key.key_id] = self._timer() + INTERVAL_SECONDS
        if not self._is_known and (self._noting is None or self._noting.done()):
            self._noting = asyncio.create_task(self._note_keys(shop))
        await shop.repository.note_key_use(key, now=self._clock())

    async def _note_keys(self, shop: Shop) -> None:
        try:
            await shop.repository.note_keys(shop.settings.keys)
            self._is_known = True
        except (StoreBusy, StoreUnavailable) as error:
            logger.warning("The API keys were not stored for the audit of their changes: %s", error)
