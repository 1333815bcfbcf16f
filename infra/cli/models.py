"""`python main.py models`: list the stored models, or go back to one."""

import argparse
import asyncio
import sys
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.ranking.model import Model
from domain.records.values import from_microseconds
from infra.settings import Settings
from infra.storage.opening import open_repository

DESCRIPTION = """\
List the last five trained models, and the one in use, with their scores on held-out events. `models use ID` switches to
one of them at once; running servers follow by themselves. The next training replaces it again.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("models", help="list the stored models, or go back to one", description=DESCRIPTION)
    command.set_defaults(run=run_list)
    actions = command.add_subparsers(metavar="use ID")
    use = actions.add_parser("use", help="switch to a stored model", description="Switch to a stored model at once.")
    use.add_argument("model_id", metavar="ID")
    use.set_defaults(run=run_use)


def run_list(_: argparse.Namespace, settings: Settings) -> int:
    models, model_id = asyncio.run(_read(settings))
    Console().print(as_table(models, model_id=model_id))
    return 0


def run_use(parsed: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_use(settings, parsed.model_id))
    sys.stdout.write(f"Model {parsed.model_id} is in use.\n")
    return 0


def as_table(models: Iterable[Model], *, model_id: str) -> Table:
    """Return the models as a table; `model_id` is the one in use."""
    table = Table(box=SIMPLE_HEAD)
    for column in ("model", "trained at (UTC)", "events", "NDCG@20", ""):
        table.add_column(column, justify="right" if column in {"events", "NDCG@20"} else "left", no_wrap=True)
    for model in models:
        tuning = model.config.tuning
        table.add_row(
            model.model_id,
            f"{from_microseconds(model.trained_at):%Y-%m-%d %H:%M:%S}",
            f"{model.n_events:,}",
            f"{tuning.ndcg:.4f}" if tuning.trials else "not tuned",
            "in use" if model.model_id == model_id else "",
        )
    return table


async def _read(settings: Settings) -> tuple[list[Model], str]:
    async with open_repository(settings) as repository:
        return await repository.stored_models(), (await repository.current_model()).model_id


async def _use(settings: Settings, model_id: str) -> None:
    async with open_repository(settings) as repository:
        await repository.use_model(model_id)
