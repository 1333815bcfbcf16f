"""One server of a synthetic shop over HTTP: stored lists under load, and `process-purchase` of one client."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from benchmarks import servers, wrk
from benchmarks.client import Client
from benchmarks.synthetic import write_shop
from benchmarks.timing import milliseconds_of
from infra.keys import hash_of, new_key

STORED_LIST = "/recommendations/c-7"
N_TURNS = 40
console = Console(width=120)


def measure_stored_list(database: Path) -> None:
    """Compare a stored list with a trivial route."""
    with servers.shop(f"sqlite:///{database}") as shop:
        rates = wrk.compare_to_trivial_route(f"{shop.url}{STORED_LIST}", n_turns=N_TURNS)
    print_rates(rates)
    console.print(
        f"stored list compared with a trivial route: ratio {rates.median:.2f}"
        f" (quartiles {rates.low:.2f} and {rates.high:.2f})"
    )


def measure_purchases(database: Path) -> None:
    with servers.shop(f"sqlite:///{database}") as shop, Client(shop.url) as client:
        milliseconds = [buy(client, customer=number * 13, product=number) for number in range(600)][100:]
    p50, p99 = np.percentile(milliseconds, [50, 99])
    console.print(f"process-purchase over HTTP, one client: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def measure_validation(database: Path) -> None:
    """Compare a stored list of the application with keys to one of its handlers without authentication and validation."""
    keys = [new_key() for _ in range(4)]
    api_keys = ",".join(f"{scope}:{hash_of(key)}" for scope, key in zip(["backend", "storefront"] * 2, keys, strict=True))
    url = f"sqlite:///{database}"
    with (
        servers.granian("benchmarks.handlers_only:app", port=servers.PORT + 1, DATABASE_URL=url, API_KEYS=api_keys) as bare,
        servers.shop(url, API_KEYS=api_keys) as shop,
    ):
        rates = wrk.compare(
            f"{shop.url}{STORED_LIST}", baseline_url=f"{bare.url}{STORED_LIST}", n_turns=N_TURNS, key=keys[0]
        )
    print_rates(rates)
    console.print(
        f"overhead of authentication and validation: {1 - rates.median:.1%}"
        f" (quartiles {1 - rates.high:.1%} and {1 - rates.low:.1%})"
    )


def measure_during_import(database: Path, folder: Path) -> None:
    """Time `process-purchase` while another process imports 200,000 events into the same database."""
    write_shop(folder / "more", n_products=1_000, n_customers=10_000, n_events=200_000, seed=2)
    url = f"sqlite:///{database}"
    command = [sys.executable, "main.py", "import", "events", str(folder / "more" / "events.csv"), "--no-train"]
    with servers.shop(url) as shop, Client(shop.url) as client:
        milliseconds: list[float] = []
        import_process = subprocess.Popen(
            command,
            cwd=servers.ROOT,
            env=os.environ | {"DATABASE_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while import_process.poll() is None:
            milliseconds.append(buy(client, customer=len(milliseconds), product=len(milliseconds) % 1000))
            time.sleep(0.01)
    p50, p99 = np.percentile(milliseconds, [50, 99])
    console.print(f"process-purchase during an import, {len(milliseconds):,} orders: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def buy(client: Client, *, customer: int, product: int) -> float:
    """Send an order; return its milliseconds."""
    order = {"customer_id": f"c-{customer}", "items": [{"product_id": f"p-{product}"}]}
    return milliseconds_of(lambda: client.post("/recommendations/process-purchase", order))


def print_rates(rates: wrk.RateRatio) -> None:
    console.print(f"requests/s, medians of {N_TURNS}: {rates.rate:,.0f} and {rates.baseline_rate:,.0f}")
