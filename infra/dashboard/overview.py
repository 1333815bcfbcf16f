"""The first page: how the shop is doing, and what would make its lists better."""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from domain.evaluation.data_health import data_health
from domain.ports.diagnosis import DataCounts
from domain.ports.repository import Repository
from domain.records.dashboard import DayCount, ListedProducts, NewestEvent
from domain.records.data_health import DataHealth
from domain.records.products import Product
from domain.records.values import DAY, from_microseconds, to_microseconds
from infra.dashboard.advice import advice_of
from infra.dashboard.learned import weights_of
from infra.dashboard.pages import page, show
from infra.http.auth import AuthenticatedRequest
from infra.storage.opening import Shop

N_DAYS = 31
N_LISTS = 300
"""Stored lists that are looked at: a list takes about 20 microseconds."""
N_ON_SHELF = 8
REUSE_SECONDS = 30.0
CHART_HEIGHT = 60.0
_STRATEGIES = (("personalised", "bought"), ("segment", "trend"), ("popular", "popular"), ("catalogue", "new"))


class Facts(Struct, frozen=True, kw_only=True):
    """What the page shows of a shop, without what follows from it."""

    first_day: datetime
    days: Sequence[DayCount]
    newest: NewestEvent | None
    lists: Sequence[ListedProducts]
    shelf: Sequence[tuple[Product, int]]
    n_customers: int
    counts: DataCounts
    health: DataHealth

    @property
    def trained_at(self) -> datetime | None:
        return from_microseconds(self.counts.model.trained_at) if self.counts.model.trained_at else None


_known: WeakKeyDictionary[Repository, tuple[float, Facts]] = WeakKeyDictionary()
"""The last facts of each open shop, and when they were read: counting takes longer than all other pages together."""


@page("/dashboard")
async def overview_page(shop: NamedDependency[SkipValidation[Shop]], request: AuthenticatedRequest) -> Response[Any]:
    now = shop.now()
    read_at, facts = _known.get(shop.repository, (0.0, None))
    if facts is None or time.monotonic() - read_at > REUSE_SECONDS:
        facts = await _facts(shop.repository, now)
        _known[shop.repository] = time.monotonic(), facts
    by_day = {count.day: count for count in facts.days}
    counts = [by_day.get(day, DayCount(day=day, interactions=0, orders=0)) for day in range(N_DAYS)]
    strategies = Counter(listed.strategy for listed in facts.lists)
    return await show(
        request, shop, "overview.html",
        active="overview", facts=facts, advice=advice_of(facts.health), counts=counts, bars=_bars(counts),
        mix=_mix(strategies), weights=weights_of(facts.counts.model),
        n_shown_products=len({index for one in facts.lists for index in one.product_indexes}),
    )  # fmt: skip


async def _facts(repository: Repository, now: datetime) -> Facts:
    first_day = from_microseconds(to_microseconds(now) // DAY * DAY) - timedelta(days=N_DAYS - 1)
    lists = await repository.sampled_lists(n=N_LISTS)
    places = Counter(index for listed in lists for index in listed.product_indexes)
    first = sorted(places.items(), key=lambda pair: (-pair[1], pair[0]))[:N_ON_SHELF]
    products = {one.product_index: one for one in await repository.products([index for index, _ in first])}
    counts = await repository.data_counts()
    return Facts(
        first_day=first_day,
        days=await repository.events_per_day(since=first_day),
        newest=await repository.newest_event(),
        lists=lists,
        shelf=[(products[index], n) for index, n in first if index in products],
        n_customers=await repository.n_customers(),
        counts=counts,
        health=data_health(counts, now=now),
    )


def _bars(counts: Sequence[DayCount]) -> list[tuple[int, float, float]]:
    """Return the place of each day in the chart, and the heights of its interactions and orders together, and of orders."""
    most = max((count.events for count in counts), default=0) or 1
    scale = CHART_HEIGHT / most
    heights = [(count.day, scale * count.events, scale * count.orders) for count in counts]
    return [(day, round(of_all, 1), round(of_orders, 1)) for day, of_all, of_orders in heights]


def _mix(strategies: Counter[Any]) -> list[tuple[str, str, float, float]]:
    """Return strategy, colour, start and width in per cent of what lists rest on."""
    total = sum(strategies[name] for name, _ in _STRATEGIES) or 1
    mix: list[tuple[str, str, float, float]] = []
    start = 0.0
    for name, colour in _STRATEGIES:
        if width := 100 * strategies[name] / total:
            mix.append((name, colour, round(start, 1), round(width, 1)))
            start += width
    return mix
