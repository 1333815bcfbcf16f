"""The part of the repository that exports and erases persons, however many events they have."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from domain.ports.export import EventKey, ExportBeginning, ExportedPage
from domain.ranking.packed_history import CustomerState
from domain.records.audit import THE_APP
from domain.records.currencies import Currencies
from domain.records.privacy import CustomerExport, RecordedInteraction, RecordedOrder
from infra.storage.sql import customers, export, large_erasures, privacy
from infra.storage.sql.addresses import addresses
from infra.storage.sql.engine import Engine
from infra.storage.sql.statements import Steps

T = TypeVar("T")


class PersonalData:
    """Export and erasure over tables; `read_state` reads what the segment of a customer follows from."""

    def __init__(self, engine: Engine, *, currencies: Currencies, read_state: Callable[[str], Steps[CustomerState]]) -> None:
        self.engine = engine
        self.currencies = currencies
        self._read_state = read_state
        self._erasing = asyncio.Lock()

    async def export(self, customer_id: str) -> CustomerExport:
        return await self.engine.read(self._export, customer_id, export.export)

    async def export_beginning(self, customer_id: str) -> ExportBeginning:
        return await self.engine.read(self._export, customer_id, export.export_beginning)

    async def export_browsing(self, customer_id: str, *, after: EventKey) -> ExportedPage[RecordedInteraction]:
        return await self.engine.read(export.browsing_page, customer_id, after)

    async def export_purchases(self, customer_id: str, *, after: EventKey) -> ExportedPage[RecordedOrder]:
        return await self.engine.read(export.purchases_page, customer_id, after)

    async def erase(self, customer_id: str, *, actor: str = THE_APP) -> None:
        while True:
            announced = await self.engine.write(privacy.announce, customer_id)
            await self.engine.record_erasure(announced.key, list(announced.hashes.values()))
            while await self.engine.look_up(large_erasures.has_many_events, announced.customer_id):
                # One at a time: then no other write waits for more than one of these transactions.
                async with self._erasing:
                    await self.engine.write(large_erasures.delete_some_events, announced.customer_id)
            async with self._erasing:
                # Not if a guest was merged into the customer meanwhile.
                if await self.engine.write(privacy.erase, customer_id, announced, actor=actor):
                    break
        await self.engine.scrub()
        await self.engine.write(privacy.finish, announced.hashes)

    def _export(self, customer_id: str, read: Callable[..., Steps[T]]) -> Steps[T]:
        state = yield from self._read_state(customer_id)
        customer = yield from customers.read(state.customer_id, state.segment_inputs)
        return (yield from read(customer, (yield from addresses(state.customer_id)), currencies=self.currencies))
