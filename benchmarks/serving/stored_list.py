"""A stored list under full load, against a trivial route."""

from benchmarks import servers, wrk
from benchmarks.serving.figures import Figure
from benchmarks.serving.shop import Shop

N_TURNS = 10


def measure(shop: Shop) -> list[Figure]:
    part = "stored list under load"
    path = f"/recommendations/{shop.customer_with(600)}"
    with servers.shop(shop.url, CURRENCY=shop.currency) as server:
        compared = wrk.compare_to_trivial_route(f"{server.url}{path}", n_turns=N_TURNS)
    return [
        Figure(part, "this shop", compared.rate, "requests/s"),
        Figure(part, "a trivial Litestar route", compared.baseline_rate, "requests/s"),
        Figure(part, "this shop to the trivial route", compared.median, "times"),
    ]
