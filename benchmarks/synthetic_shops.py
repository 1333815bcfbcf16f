"""Synthetic shops: import and train them as whole processes, and time both."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from benchmarks.servers import ROOT
from benchmarks.synthetic import write_shop

N_CUSTOMERS = 50_000
console = Console(width=120)


class Usage(NamedTuple):
    """Elapsed seconds, CPU seconds of all cores, and peak memory in MB of a process."""

    seconds: float
    cpu_seconds: float
    memory_mb: float


def measure(command: list[str], **environment: str) -> Usage:
    """Run a command and return its usage."""
    started_at = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Usage(time.perf_counter() - started_at, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def create_shop(folder: Path, *, n_products: int, n_events: int, n_customers: int = N_CUSTOMERS) -> tuple[Path, Usage]:
    """Generate, import and train a synthetic shop; print the times and return its database and the usage of training."""
    write_shop(folder, n_products=n_products, n_customers=n_customers, n_events=n_events)
    url = f"sqlite:///{folder}/shop.db"
    import_command = [sys.executable, "main.py", "import"]
    measure([*import_command, "products", str(folder / "products.csv"), "--no-train"], DATABASE_URL=url)
    seconds, _, memory_mb = measure([*import_command, "events", str(folder / "events.csv"), "--no-train"], DATABASE_URL=url)
    console.print(f"import of {n_events:,} events: {n_events / seconds:,.0f}/s, peak memory {memory_mb:.0f} MB")
    training = measure([sys.executable, "main.py", "train", "--trials", "0"], DATABASE_URL=url)
    console.print(
        f"training on {n_events:,} events of {n_customers:,} customers, {n_products:,} products, without tuning:"
        f" {training.seconds:.1f} s, {training.cpu_seconds:.1f} CPU seconds, peak memory {training.memory_mb:.0f} MB"
    )
    return folder / "shop.db", training


def measure_training(folder: Path) -> None:
    """Train two shops with the same catalogue, one with four times the customers and events of the other."""
    _, small = create_shop(folder / "quarter", n_products=36_000, n_events=150_000, n_customers=10_750)
    _, large = create_shop(folder / "whole", n_products=36_000, n_events=600_000, n_customers=43_000)
    ratio = large.cpu_seconds / small.cpu_seconds
    console.print(f"four times the customers and events: {ratio:.2f} times the CPU seconds of training")
