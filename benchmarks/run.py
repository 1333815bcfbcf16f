"""Measure the figures of docs/benchmarks.md on synthetic shops: part of `make bench` (about ten minutes; needs `wrk`).

All processes run on this machine and communicate over loopback; figures that are compared come from the same run.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import uvloop
from rich.console import Console

from benchmarks import catalogue, over_http, training
from benchmarks.synthetic_lists import time_fresh_lists
from benchmarks.synthetic_shops import create_shop, measure_training
from benchmarks.two_databases import compare_databases

console = Console(width=120)


def main() -> None:
    if not shutil.which("wrk"):
        sys.exit("The HTTP benchmarks need wrk: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure_training(folder)
        training.measure(folder / "whole" / "shop.db", folder)
        large, _ = create_shop(folder / "large", n_products=100_000, n_events=1_000_000)
        small, _ = create_shop(folder / "small", n_products=1_000, n_events=1_000_000)
        medians: dict[str, float] = {}
        for size, database, n_products in (("1,000", small, 1_000), ("100,000", large, 100_000)):
            p50, p99 = np.percentile(uvloop.run(time_fresh_lists(f"sqlite:///{database}", n_products=n_products)), [50, 99])
            medians[size] = p50
            console.print(f"fresh list, {size} products, 1,000,000 events: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        console.print(f"from 1,000 to 100,000 products: {medians['100,000'] / medians['1,000']:.2f} times")
        catalogue.measure(large, n_products=100_000)
        compare_databases(large, folder)
        over_http.measure_stored_list(large)
        over_http.measure_purchases(large)
        over_http.measure_validation(large)
        over_http.measure_during_import(large, folder)


if __name__ == "__main__":
    main()
