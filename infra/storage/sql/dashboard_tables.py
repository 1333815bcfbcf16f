"""The part of the repository that the dashboard reads, with its sessions."""

from collections.abc import Sequence
from datetime import datetime

from domain.records.currencies import Currencies
from domain.records.dashboard import (
    Buyer,
    DayCount,
    FoundCustomer,
    Gap,
    ListedProducts,
    NewestEvent,
    PastEvent,
)
from domain.records.products import Product
from domain.records.sessions import DashboardSession
from infra.storage.sql import dashboard, sessions
from infra.storage.sql.engine import Engine


class DashboardTables:
    """The protocol DashboardStore over tables."""

    engine: Engine
    currencies: Currencies

    async def begin_session(self, session: DashboardSession, *, now: datetime) -> None:
        await self.engine.write(sessions.begin, session, now=now)

    async def session(self, session_hash: str, *, now: datetime) -> DashboardSession | None:
        return await self.engine.look_up(sessions.read, session_hash, now)

    async def set_notice(self, session_hash: str, notice: str | None) -> None:
        await self.engine.write(sessions.set_notice, session_hash, notice)

    async def end_session(self, session_hash: str) -> None:
        await self.engine.write(sessions.end, session_hash)

    async def find_customers(self, text: str, *, n: int) -> Sequence[FoundCustomer]:
        return await self.engine.read(dashboard.find_customers, text, n)

    async def latest_buyers(self, *, n: int) -> Sequence[Buyer]:
        return await self.engine.look_up(dashboard.latest_buyers, n)

    async def recent_events(self, customer_id: str, *, n: int) -> Sequence[PastEvent]:
        return await self.engine.read(dashboard.recent_events, customer_id, n=n)

    async def find_products(self, text: str, *, lacking: Gap | None = None, n: int) -> Sequence[Product]:
        return await self.engine.read(dashboard.find_products, text, lacking=lacking, n=n, currencies=self.currencies)

    async def events_per_day(self, *, since: datetime) -> Sequence[DayCount]:
        return await self.engine.read(dashboard.events_per_day, since)

    async def newest_event(self) -> NewestEvent | None:
        return await self.engine.read(dashboard.newest_event)

    async def sampled_lists(self, *, n: int) -> Sequence[ListedProducts]:
        return await self.engine.look_up(dashboard.listed, n)

    async def n_customers(self) -> int:
        return await self.engine.read(dashboard.n_customers)

    async def n_profiles(self, *, n: int) -> int:
        return await self.engine.read(dashboard.n_profiles, n)
