"""The protocol of storage that exports a person in parts, however much it has."""

from typing import Protocol, TypeVar

from msgspec import Struct

from domain.records.privacy import CustomerExport, RecordedInteraction, RecordedOrder

T = TypeVar("T")

EventKey = tuple[int, str]
"""The place of an event among those of its customer: microseconds since 1970, and the id of the event or order."""

ExportedPage = tuple[list[T], EventKey | None]
"""Some events, oldest first, and the key of the last one, None if there are no more."""


class ExportBeginning(Struct, frozen=True, kw_only=True):
    """Everything about a person but the later events of each kind, and after which events these begin, None for none."""

    document: CustomerExport
    browsing_after: EventKey | None
    purchases_after: EventKey | None


class ExportStore(Protocol):
    """Read a person in parts, each as it is at one moment. All raise CustomerNotFound, also once the person was erased."""

    async def export_beginning(self, customer_id: str) -> ExportBeginning: ...

    async def export_browsing(self, customer_id: str, *, after: EventKey) -> ExportedPage[RecordedInteraction]: ...

    async def export_purchases(self, customer_id: str, *, after: EventKey) -> ExportedPage[RecordedOrder]: ...
