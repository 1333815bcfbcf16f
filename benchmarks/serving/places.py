"""Lists for every place of a shop, and pages of them, in this process and without HTTP."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop, repository_of
from benchmarks.timing import milliseconds_until
from domain.records.pages import ListOfPage, PageRequest
from domain.records.recommendations import ListRequest
from infra.storage.sql.repository import SqlRepository
from infra.use_cases.page import Viewer, page_of
from infra.use_cases.related import RelatedRequest, related_list
from infra.use_cases.shop_lists import ShopListRequest, shop_list

N_LISTS = 700
N_WARM = 300
N_SEEDS = 3
N_FILTERED = 100
PART = "lists for places, in-process"

Ask = Callable[[int], Awaitable[Any]]
"""Make the list of a number."""


async def measure(shop: Shop) -> list[Figure]:
    """Time lists about products, drawn as often as they are bought, lists of the whole shop, and pages of customers."""
    rng = np.random.default_rng(19)
    n = N_WARM + N_LISTS
    seeds = np.array(shop.draw_products(rng, N_SEEDS * n)).reshape(n, N_SEEDS).tolist()
    customer_ids = shop.draw_customers(rng, n)
    categories = rng.choice(shop.categories, size=n).tolist()
    async with repository_of(shop) as repository:
        asked = _lists(repository, seeds, categories) | _pages(repository, seeds, customer_ids)
        return [figure for what, ask in asked.items() for figure in await _timed(what, ask)]


async def _timed(what: str, ask: Ask) -> list[Figure]:
    for number in range(N_WARM):
        await ask(number)
    milliseconds = [await milliseconds_until(ask(number)) for number in range(N_WARM, N_WARM + N_LISTS)]
    return figures_of(PART, what, [milliseconds])


def _lists(repository: SqlRepository, seeds: list[list[str]], categories: list[str]) -> dict[str, Ask]:
    def related(kind: Any, n_seeds: int) -> Ask:
        return lambda number: related_list(
            repository,
            RelatedRequest(kind=kind, product_ids=seeds[number][:n_seeds], list_request=ListRequest()),
            now=datetime.now(UTC),
        )

    def of_shop(kind: Any, *, is_filtered: bool = False) -> Ask:
        def ask(number: int) -> Awaitable[Any]:
            request = ListRequest(categories=frozenset({categories[number]}) if is_filtered else frozenset())
            return shop_list(repository, ShopListRequest(kind=kind, list_request=request), now=datetime.now(UTC))

        return ask

    return {
        "similar": related("similar", 1),
        f"bought-together, {N_SEEDS} products": related("bought-together", N_SEEDS),
        "popular": of_shop("popular"),
        "popular in a category": of_shop("popular", is_filtered=True),
        "trending": of_shop("trending"),
        "new": of_shop("new"),
    }


def _pages(repository: SqlRepository, seeds: list[list[str]], customer_ids: list[str]) -> dict[str, Ask]:
    viewer = Viewer(is_backend=True, now=datetime.now(UTC), reuse_seconds=3600)

    def page(*kinds: Any) -> Ask:
        def ask(number: int) -> Awaitable[Any]:
            lists = [
                ListOfPage(
                    name=f"list {place}",
                    kind=kind,
                    product_ids=seeds[number][: {"similar": 1, "bought-together": N_SEEDS}.get(kind, 0)],
                )
                for place, kind in enumerate(kinds)
            ]
            return page_of(repository, PageRequest(customer_id=customer_ids[number], lists=lists), viewer)

        return ask

    six = ("for-customer", "similar", "bought-together", "popular", "trending", "new")
    return {
        "page of one list, stored or fresh": page("for-customer"),
        "page of six lists": page(*six),
        "page of ten lists": page(*six, "similar", "bought-together", "popular", "new"),
    }
