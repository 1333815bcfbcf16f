"""The protocol of storage that imports a shop's history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from domain.records.customers import CustomerChange
from domain.records.imports import ImportedEvent, ImportRecord, OrderReturn
from domain.records.products import ProductChange


class Outcome(Struct, frozen=True, kw_only=True):
    """The result of importing one record; `field` and `reason` explain a refusal.

    A product of any other status has the field `aliases` if some of its aliases are ids of other products and were left out.
    """

    status: Literal["new", "changed", "unchanged", "replaced", "returned", "seen_before", "unmatched", "refused"]
    field: str | None = None
    reason: str | None = None


class IngestStore(Protocol):
    """Import a shop's history, at most 1,000 rows a call; a call is one transaction and returns one outcome per record."""

    def rehearsal(self) -> "IngestStore":
        """Return a store that answers as this one, and keeps nothing."""
        ...

    async def put_products(self, changes: Sequence[ProductChange], *, now: datetime) -> list[Outcome]:
        """Create or change products; aliases do not count as rows, as they are written in transactions of their own."""
        ...

    async def put_customers(self, changes: Sequence[CustomerChange], *, now: datetime) -> list[Outcome]: ...

    async def put_events(
        self, events: Sequence[ImportedEvent], *, create_products: bool, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        """Record events of any customers; create unknown customers, and replace orders that come with other content."""
        ...

    async def put_returns(
        self, returns: Sequence[OrderReturn], *, import_id: str | None = None, now: datetime
    ) -> list[Outcome]:
        """Take from stored orders what went back; a return that finds no purchase is "unmatched" and is not stored."""
        ...

    async def begin_import(self, record: ImportRecord) -> None:
        """Record that an import started."""
        ...

    async def finish_import(self, import_id: str, counts: Mapping[str, int], *, now: datetime) -> None: ...

    async def imports(self, n: int) -> Sequence[ImportRecord]:
        """Return the `n` last imports, newest first."""
        ...

    async def undo_import(self, import_id: str) -> int:
        """Take back one batch of the events, replacements and returns of an import; return how many, 0 when none is left."""
        ...

    async def listed_products(self, after: str | None = None) -> list[str]:
        """Return a page of the ids of products that are not withdrawn, after an id; an empty page is the end."""
        ...

    async def merge_aliases(self) -> int:
        """Move the events of products that only events created to the products that have their ids as aliases.

        Return how many products were merged. The events of one product are moved in several transactions.
        """
        ...
