"""The part of the repository that deletes for good what is older than a retention: events, and guests."""

from collections.abc import Sequence
from datetime import datetime

from domain.records.guests import GuestCounts
from infra.storage.sql import customers, events, guests, stored_lists
from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Steps


class RetentionTables:
    """Purge events and guests."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # Another process may have purged events and ended before it removed them from the files.
        self._is_scrubbed = False

    async def count_events_before(self, before: datetime) -> tuple[int, int]:
        return await self.engine.read(events.count_before, before)

    async def purge_events(self, *, before: datetime) -> int:
        n_purged = await self.engine.write(self._purge_events, before=before)
        if n_purged:
            self._is_scrubbed = False
        elif not self._is_scrubbed:
            await self.engine.scrub()
            self._is_scrubbed = True
        return n_purged

    async def count_guests(self, *, before: datetime) -> GuestCounts:
        return await self.engine.read(guests.count, before)

    async def expired_guests(self, *, before: datetime, after: str = "") -> list[str]:
        return await self.engine.read(guests.expired, before, after)

    async def purge_guests(self, guest_ids: Sequence[str], *, before: datetime) -> int:
        return await self.engine.write(guests.purge, guest_ids, before=before)

    async def scrub_guests(self) -> None:
        if n_purges := await self.engine.look_up(guests.unscrubbed):
            await self.engine.scrub()
            await self.engine.write(guests.note_scrubbed, n_purges)

    def _purge_events(self, *, before: datetime) -> Steps[int]:
        gone = yield from events.purge(before=before)
        yield from customers.raise_versions(set(gone))
        yield from stored_lists.forget(set(gone))
        return len(gone)
