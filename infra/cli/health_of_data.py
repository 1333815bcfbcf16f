"""`python main.py health-of-data`: say what in the data weakens lists."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.evaluation.data_health import data_health
from domain.records.data_health import DataHealth, DataProblem
from infra.settings import Settings
from infra.storage.opening import open_repository

DESCRIPTION = """\
Say what in the catalogue, the events and the model weakens lists, most useful first, and what to do about it.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("health-of-data", help="say what in the data weakens lists", description=DESCRIPTION)
    command.add_argument("--json", action="store_true", help="print the answer of the endpoint, as a line of JSON")
    command.set_defaults(run=run_health_of_data)


def run_health_of_data(parsed: argparse.Namespace, settings: Settings) -> int:
    found = asyncio.run(_read(settings))
    if parsed.json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    elif found.problems:
        Console().print(_as_table(found))
    else:
        sys.stdout.write("Nothing in the data weakens the lists.\n")
    return 0


async def _read(settings: Settings) -> DataHealth:
    async with open_repository(settings) as repository:
        return data_health(await repository.data_counts(), now=datetime.now(UTC))


def _as_table(found: DataHealth) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("problem", no_wrap=True)
    table.add_column("affected", no_wrap=True)
    table.add_column("effect and next step")
    for problem in found.problems:
        table.add_row(problem.problem, _affected(problem), f"{problem.effect}\n{problem.next_step}")
    return table


def _affected(problem: DataProblem) -> str:
    if problem.last_at is not None:
        return f"{problem.count} days"
    return "all" if problem.of is None else f"{problem.count:,} of {problem.of:,}"
