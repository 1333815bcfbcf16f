"""Lists for every place of a shop, and pages of them, in this process and over HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np

from benchmarks import servers
from benchmarks.client import Client
from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop, repository_of
from benchmarks.timing import milliseconds_of, milliseconds_until
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
SIX = ("for-customer", "similar", "bought-together", "popular", "trending", "new")
TEN = (*SIX, "similar", "bought-together", "popular", "new")
PART = "lists for places"

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


def measure_over_http(shop: Shop) -> list[Figure]:
    """Time pages of ten lists and, in turns, three single lists, which a page without them would ask for one by one."""
    rng = np.random.default_rng(20)
    seeds = shop.draw_products(rng, N_WARM + N_LISTS)
    customer_ids = shop.draw_customers(rng, N_WARM + N_LISTS)
    times: dict[str, list[float]] = {"page of ten lists": [], "three single lists": []}
    with servers.shop(shop.url, CURRENCY=shop.currency) as server, Client(server.url) as client:
        for customer_id, seed in zip(customer_ids, seeds, strict=True):
            page = msgspec.to_builtins(PageRequest(customer_id=customer_id, lists=_lists_of_page(TEN, [seed])))
            product, customer = quote(seed, safe=""), quote(customer_id, safe="")
            paths = [
                f"/products/similar/{product}?customer_id={customer}",
                f"/products/bought-together?product_id={product}&customer_id={customer}",
                f"/recommendations/{customer}",
            ]
            # Not the first to ask for the customer's list, which packs the history.
            client.get(paths[-1])
            asked = {
                "page of ten lists": lambda page=page: client.post("/recommendations/for-page", page),
                "three single lists": lambda paths=paths: [client.get(path) for path in paths],
            }
            for what, ask in asked.items():
                times[what].append(milliseconds_of(ask))
    return [figure for what, own in times.items() for figure in figures_of(f"{PART}, over HTTP", what, [own[N_WARM:]])]


async def _timed(what: str, ask: Ask) -> list[Figure]:
    for number in range(N_WARM):
        await ask(number)
    milliseconds = [await milliseconds_until(ask(number)) for number in range(N_WARM, N_WARM + N_LISTS)]
    return figures_of(f"{PART}, in-process", what, [milliseconds])


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

    def page(kinds: Sequence[Any]) -> Ask:
        def ask(number: int) -> Awaitable[Any]:
            request = PageRequest(customer_id=customer_ids[number], lists=_lists_of_page(kinds, seeds[number]))
            return page_of(repository, request, viewer)

        return ask

    return {
        "page of one list, stored or fresh": page(SIX[:1]),
        "page of six lists": page(SIX),
        "page of ten lists": page(TEN),
    }


def _lists_of_page(kinds: Sequence[Any], seeds: Sequence[str]) -> list[ListOfPage]:
    n_seeds = {"similar": 1, "bought-together": N_SEEDS}
    return [
        ListOfPage(name=f"list {place}", kind=kind, product_ids=tuple(seeds[: n_seeds.get(kind, 0)]))
        for place, kind in enumerate(kinds)
    ]
