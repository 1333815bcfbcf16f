"""Every page of the dashboard: its time in the application, its weight, and the requests that a browser sends for it."""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle
from urllib.parse import quote

import httpx
import numpy as np

from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop
from infra.background.gc import tune_gc
from infra.dashboard import DASHBOARD_ROUTES, overview
from infra.http.app import create_app
from infra.settings import Settings

N_WARM, N_OPENED = 5, 40
N_FIRST = 10
PART = "dashboard"
SEARCHES = ("milk", "water", "bread", "lamp", "tent")
_ASSET = re.compile(r'(?:href|src)="(/dashboard/static/[^"]+)"')


async def measure(shop: Shop) -> list[Figure]:
    """Open each page again and again, of drawn customers and products, as a browser does that keeps style and script."""
    rng = np.random.default_rng(23)
    customers = cycle(quote(one, safe="") for one in shop.draw_customers(rng, N_WARM + N_OPENED))
    products = cycle(quote(one, safe="") for one in shop.draw_products(rng, N_WARM + N_OPENED))
    pages: dict[str, Iterator[str]] = {
        "overview": cycle([""]),
        "customers": cycle(["/customers"]),
        "a customer": (f"/customers/{one}" for one in customers),
        "a customer, why not": (f"/customers/{one}?missing={next(products)}" for one in customers),
        "products": cycle(["/products"]),
        "products, a search": cycle(f"/products?q={one}" for one in SEARCHES),
        "a product": (f"/products/{one}" for one in products),
        "rules": cycle(["/rules"]),
        "a new rule": cycle(["/rules/new"]),
        "results of 30 days": cycle(["/results"]),
        "results of 90 days": cycle(["/results?days=90"]),
        "data": cycle(["/data"]),
        "keys and audit": cycle(["/keys"]),
    }
    # A shop that is open: its newest event is just over.
    now = datetime.fromtimestamp(float(shop.occurred_at.max()) / 1e6, UTC) + timedelta(minutes=1)
    settings = Settings(database_url=shop.url, currency=shop.currency)
    app = create_app(*DASHBOARD_ROUTES, settings=lambda: settings, clock=lambda: now)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with app.lifespan(), tune_gc(), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        figures = await _first_openings(browser)
        for what, paths in pages.items():
            figures += await _opened(browser, what, paths)
        return figures


async def _first_openings(browser: httpx.AsyncClient) -> list[Figure]:
    """Open the overview with everything counted anew."""
    times: list[tuple[float, float]] = []
    for _ in range(N_FIRST):
        for known in list(overview._known):  # noqa: SLF001 - the pages offer no way to forget
            del overview._known[known]  # noqa: SLF001
        times.append((await _timed(browser, ""))[:2])
    (first, of_processors), *others = times
    return [
        Figure(PART, "overview, first opening of a process", first),
        Figure(PART, "overview, first opening of a process, processors", of_processors),
        *_medians("overview, counted anew", others),
    ]


async def _opened(browser: httpx.AsyncClient, what: str, paths: Iterator[str]) -> list[Figure]:
    opened = [await _timed(browser, next(paths)) for _ in range(N_WARM + N_OPENED)]
    texts = [text for *_, text in opened]
    assets = set(_ASSET.findall(texts[-1]))
    weight = max(len(text.encode()) for text in texts)
    weight += sum([len((await browser.get(asset)).content) for asset in assets])
    return [
        *_medians(what, [times for *times, _ in opened[N_WARM:]]),
        Figure(PART, f"{what}, largest page with style, script and icon", weight / 1000, "kB"),
        Figure(PART, f"{what}, requests without pictures", 1 + len(assets), "requests"),
    ]


def _medians(what: str, times: Sequence[Sequence[float]]) -> list[Figure]:
    return [
        figure
        for name, own in zip((what, f"{what}, processors"), zip(*times, strict=True), strict=True)
        for figure in figures_of(PART, name, [own], ranks=[50])
    ]


async def _timed(browser: httpx.AsyncClient, path: str) -> tuple[float, float, str]:
    """Return the milliseconds of a page, those of processors, which no other process changes, and its text."""
    began, began_on_processors = time.perf_counter(), time.process_time()
    response = await browser.get(f"/dashboard{path}", follow_redirects=True)
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code}")
    return (time.perf_counter() - began) * 1000, (time.process_time() - began_on_processors) * 1000, response.text
