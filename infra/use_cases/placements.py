"""Report what lists led to."""

from domain.evaluation.attribution import placement_report
from domain.ports.attribution import AttributionStore
from domain.records.periods import Period
from domain.records.placements import PlacementReport


async def report_placements(
    store: AttributionStore, period: Period, *, attribution_days: int, currency: str
) -> PlacementReport:  # fmt: skip
    """Return the report of a period; `currency` is that of the shop, in which the store adds up money."""
    totals = await store.placement_totals(period, attribution_days=attribution_days)
    return placement_report(totals, period, attribution_days=attribution_days, currency=currency)
