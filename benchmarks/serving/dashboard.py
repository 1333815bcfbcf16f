"""Every page of the dashboard: its time in the application, its weight, and the requests that a browser sends for it."""

import re
import time
from collections.abc import Iterator
from itertools import cycle
from urllib.parse import quote

import httpx
import numpy as np

from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop
from benchmarks.timing import milliseconds_until
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
        "results": cycle(["/results?days=90"]),
        "data": cycle(["/data"]),
        "keys and audit": cycle(["/keys"]),
    }
    app = create_app(*DASHBOARD_ROUTES, settings=lambda: Settings(database_url=shop.url, currency=shop.currency))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with app.lifespan(), tune_gc(), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        figures = await _first_openings(browser)
        for what, paths in pages.items():
            figures += await _opened(browser, what, paths)
        return figures


async def _first_openings(browser: httpx.AsyncClient) -> list[Figure]:
    """Open the overview with everything counted anew."""
    times: list[float] = []
    processors: list[float] = []
    for _ in range(N_FIRST):
        for known in list(overview._known):  # noqa: SLF001 - the pages offer no way to forget
            del overview._known[known]  # noqa: SLF001
        began = time.process_time()
        times.append(await milliseconds_until(_open(browser, "")))
        processors.append((time.process_time() - began) * 1000)
    return [
        Figure(PART, "overview, first opening of a process", times[0]),
        Figure(PART, "the same, of processors", processors[0]),
        *figures_of(PART, "overview, counted anew", [times[1:]], ranks=[50]),
        *figures_of(PART, "the same, of processors", [processors[1:]], ranks=[50]),
    ]


async def _opened(browser: httpx.AsyncClient, what: str, paths: Iterator[str]) -> list[Figure]:
    times: list[float] = []
    texts: list[str] = []
    for _ in range(N_WARM + N_OPENED):
        path = next(paths)
        times.append(await milliseconds_until(_open(browser, path, texts)))
    assets = set(_ASSET.findall(texts[-1]))
    weight = max(len(text.encode()) for text in texts)
    weight += sum([len((await browser.get(asset)).content) for asset in assets])
    return [
        *figures_of(PART, what, [times[N_WARM:]], ranks=[50]),
        Figure(PART, f"{what}, largest page with style, script and icon", weight / 1000, "kB"),
        Figure(PART, f"{what}, requests without pictures", 1 + len(assets), "requests"),
    ]


async def _open(browser: httpx.AsyncClient, path: str, texts: list[str] | None = None) -> None:
    response = await browser.get(f"/dashboard{path}", follow_redirects=True)
    if response.status_code != 200:
        raise RuntimeError(f"{path}: {response.status_code}")
    if texts is not None:
        texts.append(response.text)
