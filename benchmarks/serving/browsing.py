"""Record a view and answer a list, over HTTP: this shop and the peer alternately, with the same events."""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import servers
from benchmarks.client import Client
from benchmarks.cpu import cpu_seconds
from benchmarks.servers import Server
from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop
from benchmarks.timing import Rounds, median_of_ratios, milliseconds_of

PATH = "/recommendations/process-browsing"
PART = "view over HTTP"
N_ROUNDS = 15
N_EACH = 50
N_CUSTOMERS = 250
"""Customers who take turns: the first view of each, right after the import, packs the history, and is measured apart."""

View = dict[str, str]


class Measured(NamedTuple):
    """Milliseconds of the first view of each customer, and of later ones by round; and the mean CPU of the latter."""

    first_views: Rounds
    rounds: Rounds
    cpu_milliseconds: float


SCHEMA = """
CREATE TABLE events (customer_id TEXT, product_id TEXT, event_type TEXT, occurred_at REAL);
CREATE INDEX events_of_customer ON events (customer_id, occurred_at);
"""


def measure(shop: Shop, folder: Path, *, peer_python: str) -> list[Figure]:
    database = create_peer_database(shop, folder)
    views = shop.draw_views(np.random.default_rng(11), N_CUSTOMERS + N_ROUNDS * N_EACH, n_customers=N_CUSTOMERS)
    with (
        servers.shop(shop.url, CURRENCY=shop.currency) as own_server,
        serve_peer(database, python=peer_python) as peer_server,
    ):
        own, peer = alternate([own_server, peer_server], views)
    ratios = {f"p{rank}": median_of_ratios(own.rounds, peer.rounds, rank=rank) for rank in (10, 50, 99)}
    return [
        *figures_of(PART, "this shop, first view of a customer", own.first_views, ranks=(50, 99)),
        *figures_of(PART, "this shop", own.rounds, ranks=(10, 50, 99)),
        *figures_of(PART, "the peer", peer.rounds, ranks=(10, 50, 99)),
        *(Figure(PART, f"this shop to the peer, {rank}", ratio, "times") for rank, ratio in ratios.items()),
        Figure(PART, "this shop, CPU of a view", own.cpu_milliseconds),
        Figure(PART, "the peer, CPU of a view", peer.cpu_milliseconds),
        Figure(PART, "this shop to the peer, CPU", own.cpu_milliseconds / peer.cpu_milliseconds, "times"),
    ]


def serve_peer(database: Path, *, python: str) -> AbstractContextManager[Server]:
    """Serve the peer with uvicorn on uvloop and httptools, which answers it in 0.94 of the time of granian."""
    port = servers.PORT + 1
    # The connection rests while the other side is measured, for longer than uvicorn's usual five seconds.
    options = "--loop uvloop --http httptools --no-access-log --log-level warning --timeout-keep-alive 600"
    command = [python, "-m", "uvicorn", *options.split(), "--port", str(port), "benchmarks.serving.peer:app"]
    return servers.running(command, port=port, PEER_DATABASE=str(database))


def alternate(compared: Sequence[Server], views: Sequence[View]) -> list[Measured]:
    """Send each round of views to every server, in changing order, after a first view of each customer."""
    rounds: list[list[list[float]]] = [[] for _ in compared]
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server.url)) for server in compared]
        first_views = [[post_views(client, views[:N_CUSTOMERS])] for client in clients]
        before = [cpu_seconds(server.process_id) for server in compared]
        order = list(enumerate(clients))
        for first in range(N_CUSTOMERS, len(views), N_EACH):
            for index, client in order:
                rounds[index].append(post_views(client, views[first : first + N_EACH]))
            order.reverse()
        after = [cpu_seconds(server.process_id) for server in compared]
    n_counted = len(views) - N_CUSTOMERS
    cpu = [(end - start) * 1000 / n_counted for start, end in zip(before, after, strict=True)]
    return [Measured(*measured) for measured in zip(first_views, rounds, cpu, strict=True)]


def post_views(client: Client, views: Sequence[View]) -> list[float]:
    """Send views one after the other; return the milliseconds of each."""
    return [milliseconds_of(lambda view=view: client.post(PATH, view)) for view in views]


def create_peer_database(shop: Shop, folder: Path) -> Path:
    """Write the events of the shop in the peer's form."""
    database = folder / "peer.db"
    customer_ids = [shop.customer_ids[index] for index in shop.customers.tolist()]
    product_ids = [shop.product_ids[index] for index in shop.products.tolist()]
    rows = zip(customer_ids, product_ids, (shop.occurred_at / 1e6).tolist(), strict=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO events VALUES (?, ?, 'purchase', ?)", rows)
    return database
