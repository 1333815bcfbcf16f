"""Lists limited to a category, over HTTP; each is computed, since no stored list is reused."""

from urllib.parse import quote

import numpy as np

from benchmarks import servers
from benchmarks.client import Client
from benchmarks.cpu import cpu_seconds
from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop
from benchmarks.timing import milliseconds_of

N_LISTS = 700
N_WARM = 400


def measure(shop: Shop) -> list[Figure]:
    rng = np.random.default_rng(15)
    customer_ids = shop.draw_customers(rng, N_WARM + N_LISTS)
    categories = rng.choice(shop.categories, size=len(customer_ids)).tolist()
    paths = [
        f"/recommendations/{customer_id}?category={quote(category, safe='')}"
        for customer_id, category in zip(customer_ids, categories, strict=True)
    ]
    with (
        servers.shop(shop.url, CURRENCY=shop.currency, REUSE_SECONDS="0") as server,
        Client(server.url) as client,
    ):
        for path in paths[:N_WARM]:
            client.get(path)
        # The first list of a customer since the import packs the whole history, which `fresh_lists` measures.
        for customer_id in customer_ids[N_WARM:]:
            client.get(f"/recommendations/{customer_id}")
        cpu_started_at = cpu_seconds(server.process_id)
        milliseconds = [milliseconds_of(lambda path=path: client.get(path)) for path in paths[N_WARM:]]
        cpu_milliseconds = (cpu_seconds(server.process_id) - cpu_started_at) * 1000 / N_LISTS
    part = "list of a category over HTTP"
    return [
        *figures_of(part, f"one of {len(shop.categories)} categories", [milliseconds]),
        Figure(part, "CPU of the server", cpu_milliseconds),
    ]
