"""`python main.py train`: learn from all events, and switch to what was learned."""

import argparse
import asyncio
import re
import sys
from typing import Any

from domain.model import Model
from infra.command_line.arguments import whole_number
from infra.edge.storage import open_repository
from infra.progress import progress_on
from infra.retention import train_on_kept
from infra.settings import Settings
from infra.trainer import Effort

DESCRIPTION = """\
Learn from all events; a running server takes the model up by itself.

How a model is made is tuned to the shop: choices are tried on events that are hidden for the while. That is done the first
time and whenever the events have doubled since; in between, the choices of the model in use are kept. --trials N tunes now,
in N trials, and the same data, seed and number of trials choose the same; --trials 0 does not tune.
"""
MOST_TRIALS = 1000
"""As many as a budget allows; the search ends by itself long before."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def add_command(commands: Any) -> None:
    command = commands.add_parser(
        "train",
        help="learn from all events; a running server takes the model up by itself",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--trials", type=whole_number, metavar="N", help="tune, in this many trials")
    command.add_argument("--budget", type=duration, metavar="60s", help="start no trial after so long: 90s, 10m, 1h")
    command.add_argument(
        "--seed", type=whole_number, default=0, metavar="N", help="what is hidden, and tried in which order (0)"
    )
    command.set_defaults(run=run_training)


def run_training(parsed: argparse.Namespace, settings: Settings) -> int:
    effort = Effort(trials=parsed.trials, seed=parsed.seed)
    if parsed.budget is not None:
        effort = Effort(
            trials=MOST_TRIALS if parsed.trials is None else parsed.trials, seed=parsed.seed, seconds=parsed.budget
        )
    model = asyncio.run(_train(settings, effort))
    sys.stdout.write(told(model))
    return 0


def told(model: Model) -> str:
    """Say what a model rests on, what was chosen for it, and what that scored."""
    said = (
        f"Trained model {model.model_id} on {model.n_events:,} events of {model.n_customers:,} customers"
        f" and {model.n_products:,} products.\n"
    )
    tuning, recipe, blend = model.tuning, model.recipe, model.blend
    if not tuning.trials:
        return said + "Not tuned: too few events, or not asked for. The documented defaults are used.\n"
    values = [
        *((name, getattr(recipe, name)) for name in recipe.__struct_fields__),
        *((f"blend {name}", getattr(blend, name)) for name in blend.__struct_fields__),
        ("seen_again", model.seen_again),
        ("variety", model.variety),
    ]
    return (
        said + f"Tuned in {tuning.trials} trials with seed {tuning.seed}: NDCG@20 {tuning.ndcg:.4f} on held-out events of"
        f" {tuning.n_customers:,} customers; with the default blend {tuning.ndcg_of_default_blend:.4f}.\n"
        + f"Chosen: {', '.join(f'{name} {value:g}' for name, value in values)}.\n"
    )


def duration(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None:
        raise argparse.ArgumentTypeError("expected a duration such as 90s, 10m or 1h")
    return float(found[1]) * _UNITS[found[2]]


async def _train(settings: Settings, effort: Effort) -> Model:
    progress = progress_on(sys.stderr)
    progress.begin("Training", None)
    try:
        async with open_repository(settings) as repository:
            return await train_on_kept(
                repository,
                retention_days=settings.event_retention_days,
                effort=effort,
                on_trial=progress.reach,
            )
    finally:
        progress.end()
