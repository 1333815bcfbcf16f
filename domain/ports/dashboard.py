"""The protocol of storage for the dashboard: its sessions, and what only it shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.records.dashboard import (
    Buyer,
    DayCount,
    FoundCustomer,
    Gap,
    ListedProducts,
    NewestEvent,
    PastEvent,
)
from domain.records.imports import ImportRecord
from domain.records.products import Product
from domain.records.sessions import DashboardSession


class SessionStore(Protocol):
    """Keep the sessions of the dashboard, which all processes share."""

    async def begin_session(self, session: DashboardSession, *, now: datetime) -> None:
        """Store a new session, and delete those that ended."""
        ...

    async def session(self, session_hash: str, *, now: datetime) -> DashboardSession | None:
        """Return a session that has not ended."""
        ...

    async def set_notice(self, session_hash: str, notice: str | None) -> None: ...

    async def end_session(self, session_hash: str) -> None: ...


class DashboardStore(SessionStore, Protocol):
    """Read what the pages show. Every method reads a bounded number of rows, or rows of one index."""

    async def find_customers(self, text: str, *, n: int) -> Sequence[FoundCustomer]:
        """Return the customer with this id or e-mail address, else up to `n` with this text in the name."""
        ...

    async def latest_buyers(self, *, n: int) -> Sequence[Buyer]:
        """Return the customers of the newest orders, newest first."""
        ...

    async def recent_events(self, customer_id: str, *, n: int) -> Sequence[PastEvent]:
        """Return the newest `n` interactions and the newest `n` items of orders, newest first."""
        ...

    async def find_products(self, text: str, *, lacking: Gap | None = None, n: int) -> Sequence[Product]:
        """Return the product with this id or alias, else up to `n` with this text in name or brand.

        With `lacking`, only products that lists may show and that have no category, price or picture.
        """
        ...

    async def events_per_day(self, *, since: datetime) -> Sequence[DayCount]:
        """Count the events of the days that begin with `since`, without days that have none."""
        ...

    async def newest_event(self) -> NewestEvent | None: ...

    async def sampled_lists(self, *, n: int) -> Sequence[ListedProducts]:
        """Return up to `n` stored lists."""
        ...

    async def imports(self, n: int) -> Sequence[ImportRecord]:
        """Return the `n` last imports, newest first."""
        ...

    async def n_customers(self) -> int:
        """Count the customers who are no guests."""
        ...

    async def n_profiles(self, *, n: int) -> int:
        """Count the customers and guests, up to `n`."""
        ...
