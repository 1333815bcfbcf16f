"""The part of the repository that records what was seen of lists, and adds up what lists led to."""

from collections.abc import Collection, Sequence
from datetime import datetime

from domain.records.currencies import Currencies
from domain.records.impressions import RecordedImpressions, ShownList
from domain.records.interactions import CustomerEvent, recommendation_ids_of
from domain.records.list_references import ListReference, reference_to
from domain.records.periods import Period
from domain.records.placements import Totals
from domain.records.recommendation_ids import origin_of
from infra.storage.sql import impressions, models, placements
from infra.storage.sql.engine import Engine


class AttributionTables:
    """The protocol AttributionStore over tables."""

    def __init__(self, engine: Engine, *, currencies: Currencies) -> None:
        self.engine = engine
        self.currencies = currencies
        self._key: bytes | None = None

    async def signing_key(self) -> bytes:
        if self._key is None:
            self._key = await self.engine.look_up(models.signing_key)
        return self._key

    async def record_impressions(self, shown: Sequence[ShownList], *, now: datetime) -> RecordedImpressions:
        lists = await self._lists_named({one.recommendation_id for one in shown})
        return await self.engine.write(impressions.record, shown, lists, now=now)

    async def placement_totals(self, period: Period, *, attribution_days: int) -> Totals:
        return await self.engine.read(
            placements.totals, period, attribution_days=attribution_days, currencies=self.currencies
        )

    async def purge_impressions(self, *, before: datetime) -> int:
        return await self.engine.write(impressions.purge, before=before)

    async def lists_of(self, events: Sequence[CustomerEvent]) -> dict[str, ListReference]:
        """Return the lists that events name, by their ids, without those that this shop did not answer."""
        recommendation_ids = recommendation_ids_of(events)
        return await self._lists_named(recommendation_ids) if recommendation_ids else {}

    async def _lists_named(self, recommendation_ids: Collection[str]) -> dict[str, ListReference]:
        key = await self.signing_key()
        lists: dict[str, ListReference] = {}
        for identifier in recommendation_ids:
            if (origin := origin_of(identifier, key=key)) is not None:
                lists[identifier] = reference_to(origin)
        return lists
