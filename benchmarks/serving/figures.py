"""The figures that are printed: JSON lines for a program, and a table for a person."""

import json
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.timing import Rounds


class Figure(NamedTuple):
    """One number of a part; its unit is `ms`, `times`, `requests/s`, `events/s`, `kB` or `requests`."""

    part: str
    what: str
    value: float
    unit: str = "ms"


def figures_of(part: str, what: str, rounds: Rounds, *, ranks: Sequence[int] = (50, 99)) -> list[Figure]:
    """Return percentiles of the times of all rounds."""
    values = np.percentile(np.concatenate(rounds), ranks).tolist()
    return [Figure(part, f"{what}, p{rank}", value) for rank, value in zip(ranks, values, strict=True)]


def print_lines(figures: Sequence[Figure]) -> None:
    for figure in figures:
        print(json.dumps(figure._asdict()), flush=True)


def print_table(figures: Sequence[Figure]) -> None:
    load = "/".join(f"{load:.1f}" for load in os.getloadavg())
    title = f"Serving, one worker, on loopback; {os.cpu_count()} cores, load {load} (1/5/15 minutes)"
    table = Table("part", "what", "figure", "unit", title=title)
    previous = ""
    for part, what, value, unit in figures:
        table.add_row("" if part == previous else part, what, f"{value:,.0f}" if value >= 1000 else f"{value:.2f}", unit)
        previous = part
    Console(width=120).print(table)
