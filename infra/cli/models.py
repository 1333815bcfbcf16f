"""`python main.py models`: list the stored models, or go back to one."""

import argparse
import asyncio
import sys
from typing import Any

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
    actions = command.add_subparsers(metavar="use")
    use = actions.add_parser("use", help="switch to a stored model", description="Switch to a stored model at once.")
    use.add_argument("model_id", metavar="ID")
    use.set_defaults(run=run_use)


def run_list(_: argparse.Namespace, settings: Settings) -> int:
    models, model_id = asyncio.run(_read(settings))
    sys.stdout.writelines(describe(model, is_in_use=model.model_id == model_id) for model in models)
    return 0


def run_use(parsed: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_use(settings, parsed.model_id))
    sys.stdout.write(f"Model {parsed.model_id} is in use.\n")
    return 0


def describe(model: Model, *, is_in_use: bool) -> str:
    """Return the id, time (UTC), events and score of a model as one line; a table would cut ids on narrow terminals."""
    tuning = model.config.tuning
    score = f"NDCG@20 {tuning.ndcg:.4f}" if tuning.trials else "not tuned"
    trained_at = f"{from_microseconds(model.trained_at):%Y-%m-%d %H:%M}"
    return f"{model.model_id}  {trained_at}  {model.n_events:,} events  {score}{'  in use' * is_in_use}\n"


async def _read(settings: Settings) -> tuple[list[Model], str]:
    async with open_repository(settings) as repository:
        return await repository.stored_models(), (await repository.current_model()).model_id


async def _use(settings: Settings, model_id: str) -> None:
    async with open_repository(settings) as repository:
        await repository.use_model(model_id)
