"""Load a server with the program wrk until it has no time left."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import servers
from benchmarks.cpu import cpu_seconds
from benchmarks.servers import Server

PURCHASES = Path(__file__).with_name("purchases.lua")


class RateRatio(NamedTuple):
    """Requests per second of two URLs (medians), and the quartiles of the ratio of their rates in a turn."""

    rate: float
    baseline_rate: float
    low: float
    median: float
    high: float


def compare(url: str, *, baseline_url: str, n_turns: int, key: str = "") -> RateRatio:
    """Load two URLs alternately, for a second each, as the speed of the machine varies; the first turn does not count."""
    urls = (url, baseline_url)
    rates = np.array([[requests_per_second(address, key=key) for address in urls] for _ in range(1 + n_turns)])[1:]
    return RateRatio(*np.median(rates, axis=0).tolist(), *np.percentile(rates[:, 0] / rates[:, 1], [25, 50, 75]).tolist())


def compare_to_trivial_route(url: str, *, n_turns: int) -> RateRatio:
    """Compare with a route that returns a constant, of the same framework on the same server."""
    with servers.granian("benchmarks.trivial_route:app", port=servers.PORT + 1) as trivial:
        return compare(url, baseline_url=f"{trivial.url}/trivial", n_turns=n_turns)


def requests_per_second(url: str, *, key: str = "") -> float:
    match = re.search(r"Requests/sec:\s+([\d.]+)", _load(url, key=key))
    return float(match[1]) if match else 0.0


def _load(url: str, *, key: str) -> str:
    """Load a URL with 16 connections for a second; return what wrk printed."""
    command = ["wrk", "-t1", "-c16", "-d1s", "-H", f"Authorization: Bearer {key}", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise RuntimeError(output)
    return output


def cpu_microseconds(server: Server, path: str, *, key: str = "") -> float:
    """Load a server for a second, and return the CPU time of a request. Other work of the machine hardly changes it."""
    before = cpu_seconds(server.process_id)
    output = _load(f"{server.url}{path}", key=key)
    used = cpu_seconds(server.process_id) - before
    match = re.search(r"(\d+) requests in", output)
    return used * 1e6 / int(match[1]) if match else 0.0


def load_with_purchases(url: str, *, seconds: int) -> tuple[float, float, float]:
    """Buy with 64 clients without pauses; return purchases per second, and mean and p99 in milliseconds.

    The clients are those of wrk: 64 clients of a Python library in one process would be slower than the shop.
    """
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--timeout", "30s", "-s", str(PURCHASES)]
    command.append(f"{url}/recommendations/process-purchase")
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    per_second, mean, p99, n_errors = map(float, output.splitlines()[-1].split())
    if n_errors:
        raise RuntimeError(output)
    return per_second, mean, p99
