"""What all records of one import share."""

from datetime import datetime

from msgspec import Struct

from domain.records.interactions import CustomerEvent
from domain.records.values import to_microseconds


class ImportRun(Struct, frozen=True, kw_only=True):
    """The id of an import, None without one, its moment, and the currency of the shop."""

    import_id: str | None
    now: datetime
    currency: str

    def instant_of(self, event: CustomerEvent) -> int:
        """Return when an event occurred in microseconds; it was now if it does not say so."""
        return to_microseconds(self.now if event.occurred_at is None else event.occurred_at)
