"""The protocol of storage for what lists led to, which every repository has."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.records.impressions import RecordedImpressions, ShownList
from domain.records.periods import Period
from domain.records.placements import Totals


class AttributionStore(Protocol):
    """Record which products of lists were seen, and add up what lists led to."""

    async def record_impressions(self, shown: Sequence[ShownList], *, now: datetime) -> RecordedImpressions:
        """Record at most 1,000 products of lists that were seen; a product of a list counts once, however often it comes."""
        ...

    async def placement_totals(self, period: Period, *, attribution_days: int) -> Totals:
        """Add up impressions, clicks, and orders with their amounts.

        An order item counts for the list that it names, else for the last click of its customer on its product with a
        list, at most `attribution_days` before.
        """
        ...

    async def purge_impressions(self, *, before: datetime) -> int:
        """Delete one batch of the impressions before an instant; return how many, 0 when none is left."""
        ...
