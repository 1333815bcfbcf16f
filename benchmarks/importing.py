"""Measure imports: lines a second by phase, detection, and memory: part of `make bench`.

usage: python -m benchmarks.importing [--lines 500000] [--journey FOLDER]

FOLDER is what `benchmarks/complete_journey.py FOLDER` wrote; without it, or JOURNEY, only generated events are imported.
Every import runs in a process of its own, on a new SQLite file.
"""

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.ingest import ImportOptions, import_files
from infra.settings import read_settings
from infra.storage.opening import open_repository

ROOT = Path(__file__).parents[1]
N_CUSTOMERS, N_PRODUCTS = 50_000, 20_000


class PhaseTimes:
    """A progress that only measures: the elapsed and the CPU seconds at which each phase begins."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, float, float]] = []

    def begin(self, phase: str, total: int | None) -> None:  # noqa: ARG002 - what Progress has
        self.phases.append((phase, time.perf_counter(), time.process_time()))

    def reach(self, done: int, *, lines: int | None = None) -> None: ...

    def expect(self, total: int) -> None: ...

    def end(self) -> None: ...


def write_events(path: Path, n_lines: int) -> None:
    """Write events of a synthetic shop, half of them views; popular products have most of them."""
    rng, began_at = random.Random(1), datetime(2025, 1, 1, tzinfo=UTC)
    with path.open("w") as file:
        file.write("customer_id,product_id,event_type,occurred_at\n")
        for number in range(n_lines):
            event_type = rng.choice(("view", "view", "cart", "purchase"))
            at = (began_at + timedelta(seconds=10 * number)).isoformat()
            product = int(N_PRODUCTS * rng.random() ** 2)
            file.write(f"customer-{rng.randrange(N_CUSTOMERS)},product-{product},{event_type},{at}\n")


async def _measure(kind: str, path: str) -> dict[str, float]:
    times, previewed_at = PhaseTimes(), []
    options = ImportOptions(kind=kind, paths=(path,), create_products=True)  # pyright: ignore[reportArgumentType]
    async with open_repository(read_settings()) as repository:
        began_at = time.perf_counter()
        report = await import_files(
            options,
            store=repository,
            now=datetime.now(UTC),
            progress=times,
            say=lambda _: previewed_at.append(time.perf_counter()),
        )
        times.begin("end", None)
    reading, storing, end = times.phases
    return {
        "lines": report.read,
        "detection": previewed_at[0] - began_at,
        "reading": storing[1] - reading[1],
        "storing": end[1] - storing[1],
        "reading_cpu": storing[2] - reading[2],
        "storing_cpu": end[2] - storing[2],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def measure(name: str, kind: str, path: Path, database: Path) -> None:
    """Import a file in another process, and print how fast that was."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.importing", "--measure", kind, str(path)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": f"sqlite:///{database}", "LOG_LEVEL": "WARNING"},
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout.splitlines()[-1])
    n_lines, seconds = figures["lines"], figures["reading"] + figures["storing"]
    cpu = figures["reading_cpu"] + figures["storing_cpu"]
    print(
        f"import of {name}, {n_lines:,} lines: {n_lines / seconds:,.0f} a second"
        f" (reading and staging {n_lines / figures['reading']:,.0f}, storing {n_lines / figures['storing']:,.0f}),"
        f" {1e6 * cpu / n_lines:.0f} us of CPU a line, understood in {figures['detection']:.2f} s,"
        f" {figures['megabytes']:.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.importing", description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000, help="number of generated events")
    parser.add_argument("--journey", type=Path, default=os.environ.get("JOURNEY"), help="default: JOURNEY")
    parser.add_argument("--measure", nargs=2, metavar=("KIND", "FILE"), help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.measure:
        print(json.dumps(asyncio.run(_measure(*parsed.measure))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_events(folder / "events.csv", parsed.lines)
        measure("generated events", "events", folder / "events.csv", folder / "generated.db")
        if parsed.journey:
            measure("The Complete Journey's products", "products", parsed.journey / "products.csv", folder / "journey.db")
            measure("The Complete Journey's events", "events", parsed.journey / "events.csv", folder / "journey.db")


if __name__ == "__main__":
    main()
