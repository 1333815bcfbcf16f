"""A customer with 15,000 purchases beside one with 600: lists, views, and what the requests of others wait meanwhile."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.synchronize import Event

import numpy as np
import uvloop

from benchmarks import servers
from benchmarks.client import Client
from benchmarks.serving.browsing import View, post_views
from benchmarks.serving.figures import Figure, figures_of
from benchmarks.serving.shop import Shop, repository_of
from benchmarks.timing import median_of_ratios, milliseconds_until
from domain.errors import CustomerExists
from domain.records.customers import NewCustomer
from domain.records.interactions import BrowsingEvent, OrderItem, Purchase
from infra.use_cases.recommend import fresh_list

BIG = "big-customer"
N_PURCHASES, N_ORDINARY = 15_000, 600
ITEMS_PER_ORDER, ORDERS_PER_CALL = 10, 50
N_ROUNDS, N_EACH = 9, 20
START_SECONDS = 60


def measure(shop: Shop) -> list[Figure]:
    uvloop.run(create(shop))
    return [*uvloop.run(time_own_requests(shop)), *time_requests_of_others(shop)]


async def create(shop: Shop) -> None:
    """Record 1,500 orders of 10 products within a year; products are drawn as often as the shop's customers buy them."""
    newest = datetime.fromtimestamp(float(shop.occurred_at.max()) / 1e6, UTC)
    products = iter(shop.draw_products(np.random.default_rng(16), N_PURCHASES))
    n_orders = N_PURCHASES // ITEMS_PER_ORDER
    orders = [
        Purchase(
            customer_id=BIG,
            order_id=f"{BIG}-{number}",
            occurred_at=newest - timedelta(days=365) * (number / n_orders),
            items=tuple(OrderItem(product_id=next(products)) for _ in range(ITEMS_PER_ORDER)),
        )
        for number in range(n_orders)
    ]
    async with repository_of(shop) as repository:
        with suppress(CustomerExists):
            await repository.create_customer(NewCustomer(customer_id=BIG), now=datetime.now(UTC))
        for first in range(0, n_orders, ORDERS_PER_CALL):
            await repository.record(orders[first : first + ORDERS_PER_CALL], now=datetime.now(UTC))


async def time_own_requests(shop: Shop) -> list[Figure]:
    """Time lists, then views, of both customers alternately, in this process."""
    product_ids = iter(shop.draw_products(np.random.default_rng(17), 2 * (1 + N_ROUNDS) * N_EACH))
    figures: list[Figure] = []
    async with repository_of(shop) as repository:

        def answer_list(customer_id: str) -> Awaitable[object]:
            return fresh_list(repository, customer_id, now=datetime.now(UTC))

        def record_view(customer_id: str) -> Awaitable[object]:
            view = BrowsingEvent(customer_id=customer_id, product_id=next(product_ids))
            return repository.record([view], now=datetime.now(UTC))

        for what, call in (("fresh list", answer_list), ("recording a view", record_view)):
            figures += await compare_customers(what, call, ordinary=shop.customer_with(N_ORDINARY))
    return figures


async def compare_customers(what: str, call: Callable[[str], Awaitable[object]], *, ordinary: str) -> list[Figure]:
    """Call for both customers in alternating rounds; the first round does not count."""
    times: dict[str, list[list[float]]] = {BIG: [], ordinary: []}
    cpu_times: dict[str, list[list[float]]] = {BIG: [], ordinary: []}
    for _ in range(1 + N_ROUNDS):
        for customer_id, rounds in times.items():
            cpu_started_at = time.process_time()
            rounds.append([await milliseconds_until(call(customer_id)) for _ in range(N_EACH)])
            cpu_times[customer_id].append([(time.process_time() - cpu_started_at) * 1000 / N_EACH])
    part = f"{what}, {N_PURCHASES:,} purchases to {N_ORDINARY}"
    return [
        *figures_of(part, f"{N_PURCHASES:,} purchases", times[BIG][1:]),
        *figures_of(part, f"{N_ORDINARY} purchases", times[ordinary][1:]),
        Figure(part, "ratio, p50", median_of_ratios(times[BIG][1:], times[ordinary][1:]), "times"),
        Figure(part, "ratio, CPU", median_of_ratios(cpu_times[BIG][1:], cpu_times[ordinary][1:]), "times"),
    ]


def time_requests_of_others(shop: Shop) -> list[Figure]:
    """Time views over HTTP: alone, while an ordinary customer sends views without pauses, and while the big one does."""
    part = "views of others over HTTP meanwhile"
    rng = np.random.default_rng(18)
    situations = ("alone", f"beside {N_ORDINARY} purchases", f"beside {N_PURCHASES:,} purchases")
    times: dict[str, list[list[float]]] = {situation: [] for situation in situations}
    products = shop.draw_products(rng, 1000)
    with (
        servers.shop(shop.url, CURRENCY=shop.currency) as server,
        Client(server.url) as client,
        sending_views(server.url, shop.customer_with(N_ORDINARY), products) as ordinary,
        sending_views(server.url, BIG, products) as big,
    ):
        for _ in range(1 + N_ROUNDS):
            for situation, sending in zip(situations, (nullcontext(), during(ordinary), during(big)), strict=True):
                with sending:
                    times[situation].append(post_views(client, shop.draw_views(rng, N_EACH, n_customers=N_EACH)))
    alone, beside_ordinary, beside_big = (rounds[1:] for rounds in times.values())
    return [
        *(figure for situation, rounds in times.items() for figure in figures_of(part, situation, rounds[1:])),
        Figure(part, f"{situations[1]} to alone, p50", median_of_ratios(beside_ordinary, alone), "times"),
        Figure(part, f"{situations[2]} to alone, p50", median_of_ratios(beside_big, alone), "times"),
    ]


@contextmanager
def sending_views(url: str, customer_id: str, product_ids: Sequence[str]) -> Iterator[Event]:
    """Start a process that sends views of a customer without pauses while the event is set."""
    context = get_context("spawn")
    is_ready, is_sending = context.Event(), context.Event()
    views = [{"customer_id": customer_id, "product_id": product_id} for product_id in product_ids]
    process = context.Process(target=send_views, args=(url, views, is_ready, is_sending))
    process.start()
    try:
        if not is_ready.wait(START_SECONDS):
            raise RuntimeError("The process that sends views did not start.")
        yield is_sending
    finally:
        process.terminate()
        process.join()


def send_views(url: str, views: Sequence[View], is_ready: Event, is_sending: Event) -> None:
    with Client(url) as client:
        is_ready.set()
        for view in cycle(views):
            is_sending.wait()
            post_views(client, [view])


@contextmanager
def during(is_sending: Event) -> Iterator[None]:
    is_sending.set()
    yield
    is_sending.clear()
