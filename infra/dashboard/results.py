"""What lists led to, by placement and kind, in a period that the reader chooses."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation
from msgspec import Struct

from domain.errors import InvalidField, InvalidFields
from domain.evaluation.attribution import MIN_LISTS, MIN_OF_EACH
from domain.records.periods import Period, period_between
from domain.records.placements import PlacementReport, PlaceReport
from infra.dashboard.experiments import listed_experiments
from infra.dashboard.formats import per_hundred, whole_money
from infra.dashboard.intervals import Shown, scale_of, shown
from infra.dashboard.pages import page, show
from infra.http.auth import AuthenticatedRequest
from infra.storage.opening import Shop
from infra.use_cases.placements import report_placements

DAYS = (7, 30, 90)
DEFAULT_DAYS = 30


class ChosenPeriod(Struct, frozen=True, kw_only=True):
    """A period as it was asked for: of so many `days` until now, or from one day until the end of another.

    What is no period `is_wrong`, and is shown as the default.
    """

    period: Period
    days: int | None = None
    begin: str = ""
    end: str = ""
    is_wrong: bool = False

    @property
    def last_day(self) -> datetime:
        return self.period.ends_at - timedelta(microseconds=1)


class Place(Struct, frozen=True, kw_only=True):
    """A place of the shop with its figures."""

    placement: str | None
    kind: str
    arm: str | None
    impressions: int
    lists: int
    clicks: int
    rate: Shown | None
    orders: Shown
    revenue: Shown

    @property
    def is_sure(self) -> bool:
        """Whether anything can be told about the place."""
        return self.orders.is_sure or (self.rate is not None and self.rate.is_sure)


class Summary(Struct, frozen=True, kw_only=True):
    """Sums over all places: clicks of 100 products that were seen, None if none was, and orders, each at each place."""

    rate: float | None
    orders: int


@page("/dashboard/results")
async def results_page(
    shop: NamedDependency[SkipValidation[Shop]],
    request: AuthenticatedRequest,
    days: Annotated[int | None, QueryParameter(ge=1, le=400)] = None,
    begin: Annotated[str | None, QueryParameter(name="from", max_length=10)] = None,
    end: Annotated[str | None, QueryParameter(name="to", max_length=10)] = None,
) -> Response[Any]:
    chosen = chosen_period(days, begin or "", end or "", now=shop.now())
    settings = shop.settings
    report = await report_placements(
        shop.repository, chosen.period, attribution_days=settings.attribution_days, currency=settings.currency
    )
    experiments, n_more = await listed_experiments(shop)
    return await show(
        request, shop, "results.html",
        active="results", chosen=chosen, choices=DAYS, report=report, places=places_of(report), summary=_summary(report),
        experiments=experiments, n_more=n_more,
    )  # fmt: skip


def chosen_period(days: int | None, begin: str, end: str, *, now: datetime) -> ChosenPeriod:
    """Return the period from one day until the end of another, else that of the last `days`, of which today is one."""
    if begin or end:
        try:
            after = (date.fromisoformat(end) + timedelta(days=1)).isoformat() if end else None
            period = period_between(begin or None, after, now=now)
        except (InvalidField, InvalidFields, ValueError, OverflowError):
            return ChosenPeriod(period=_last(DEFAULT_DAYS, now), begin=begin, end=end, is_wrong=True)
        return ChosenPeriod(period=period, begin=begin, end=end)
    days = days or DEFAULT_DAYS
    return ChosenPeriod(period=_last(days, now), days=days)


def _last(days: int, now: datetime) -> Period:
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return Period(begins_at=today - timedelta(days=days - 1), ends_at=max(now, today + timedelta(microseconds=1)))


def places_of(report: PlacementReport) -> list[Place]:
    """Return the places of a report, those whose lists were seen most first."""
    ordered = sorted(report.places, key=lambda one: (-one.impressions, one.placement or "", one.kind, one.arm or ""))
    rates = scale_of(one.click_rate for one in ordered)
    orders = scale_of(one.orders for one in ordered)
    revenues = scale_of(one.revenue for one in ordered)
    return [
        Place(
            placement=one.placement,
            kind=one.kind,
            arm=one.arm,
            impressions=one.impressions,
            lists=one.lists,
            clicks=one.clicks,
            rate=None if one.click_rate is None else shown(
                one.click_rate, per_hundred, scale=rates, is_sure=one.lists >= MIN_LISTS and one.clicks >= MIN_OF_EACH
            ),
            orders=shown(one.orders, _count, scale=orders, is_sure=has_orders),
            revenue=shown(
                one.revenue, partial(whole_money, currency=report.currency), scale=revenues, is_sure=has_orders
            ),
        )
        for one in ordered
        for has_orders in [one.orders.value >= MIN_OF_EACH]
    ]  # fmt: skip


def _summary(report: PlacementReport) -> Summary:
    seen = sum(one.impressions for one in report.places)
    return Summary(rate=100 * _clicked(report.places) / seen if seen else None, orders=_orders(report.places))


def _clicked(places: Sequence[PlaceReport]) -> float:
    return sum(one.impressions * one.click_rate.value for one in places if one.click_rate is not None)


def _orders(places: Sequence[PlaceReport]) -> int:
    return round(sum(one.orders.value for one in places))


def _count(value: float) -> str:
    return f"{value:,.0f}"
