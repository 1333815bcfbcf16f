"""Measure serving on The Complete Journey: `make bench-serving`, or parts of it with the options."""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import uvloop

from benchmarks.serving import (
    big_customer,
    browsing,
    category,
    dashboard,
    fresh_lists,
    guard,
    personal_data,
    places,
    steering,
    stored_list,
)
from benchmarks.serving import shop as shops
from benchmarks.serving.figures import Figure, print_lines, print_table
from benchmarks.serving.shop import Shop

PARTS: dict[str, Callable[[Shop, Path, str], list[Figure]]] = {
    "fresh": lambda shop, _folder, _python: uvloop.run(fresh_lists.time_lists(shop)),
    "blocking": lambda shop, _folder, _python: asyncio.run(fresh_lists.time_blocking(shop)),
    "browsing": lambda shop, folder, python: browsing.measure(shop, folder, peer_python=python),
    "category": lambda shop, _folder, _python: category.measure(shop),
    "dashboard": lambda shop, _folder, _python: asyncio.run(dashboard.measure(shop)),
    "places": lambda shop, _folder, _python: [*uvloop.run(places.measure(shop)), *places.measure_over_http(shop)],
    "steering": lambda shop, folder, _python: uvloop.run(steering.measure(shop, folder)),
    "stored": lambda shop, _folder, _python: stored_list.measure(shop),
    "big-customer": lambda shop, _folder, _python: big_customer.measure(shop),
    "guard": lambda shop, _folder, _python: guard.measure(shop),
    "personal-data": lambda shop, folder, _python: personal_data.measure(shop, folder),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument(
        "--database",
        type=Path,
        default=os.environ.get("BENCH_DATABASE"),
        help="a SQLite file with a trained shop, which is copied (BENCH_DATABASE); default: import and train the data",
    )
    parser.add_argument(
        "--peer-python", default=".venv-bench/bin/python", help="an interpreter with requirements/bench.txt (%(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="serving-") as name:
        folder = Path(name)
        database = folder / "shop.db"
        if options.database:
            shops.copy_database(options.database, database)
        else:
            shops.create_complete_journey(database, folder=folder / "files", peer_python=options.peer_python)
        shop = asyncio.run(shops.read_shop(database))
        figures: list[Figure] = []
        for part in options.only:
            measured = PARTS[part](shop, folder, options.peer_python)
            print_lines(measured)
            figures += measured
        print_table(figures)


if __name__ == "__main__":
    main()
