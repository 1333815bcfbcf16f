"""The part of the repository that counts what a shop has."""

import time

from domain.ports.repository import ShopSummary
from domain.ranking.model import Model
from domain.records.values import from_microseconds
from infra.storage.sql import models
from infra.storage.sql.model_tables import ModelTables
from infra.storage.sql.statements import Steps

LONG_COUNT_SECONDS = 0.05
COUNT_SHARE = 0.01


class SummaryTables(ModelTables):
    """The summary of a shop over tables."""

    _counted = (0, 0, 0)
    _counted_for = ""
    _count_again_at = 0.0

    async def summary(self) -> ShopSummary:
        return await self.engine.read(self._summary)

    def _summary(self) -> Steps[ShopSummary]:
        model = yield from self.model_in_use()
        n_products, n_events, n_newer = yield from self._counts(model)
        return ShopSummary(
            n_products=n_products,
            n_events=n_events,
            n_events_trained=model.n_events,
            # Events may have been purged since the training, and old events may arrive late; the larger bound holds.
            n_events_untrained=max(n_events - model.n_events, n_newer),
            model_id=model.model_id,
            trained_at=from_microseconds(model.trained_at) if model.trained_at else None,
            config=model.config,
        )

    def _counts(self, model: Model) -> Steps[tuple[int, int, int]]:
        """Count products and events; a slow count is reused, so that counting takes at most 1 % of the time."""
        began = time.monotonic()
        if began >= self._count_again_at or self._counted_for != model.model_id:
            self._counted = yield from models.count_rows(model.newest_event_at)
            self._counted_for = model.model_id
            took = time.monotonic() - began
            if took > LONG_COUNT_SECONDS:
                self._count_again_at = began + took / COUNT_SHARE
        return self._counted
