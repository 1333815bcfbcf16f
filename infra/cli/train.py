"""`python main.py train`: learn from all events, and switch to what was learned."""

import argparse
import asyncio
import re
import sys
from collections.abc import Callable
from typing import Any

from domain.ranking.model import Model
from infra.background.retention import purge_and_train
from infra.cli.arguments import add_tuning
from infra.progress import progress_on
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.train import TuningBudget

DESCRIPTION = """\
Learn from all events; a running server takes the model up by itself.

How a model is made is tuned to the shop: choices are tried on events that are hidden for the while. That is done the first
time and whenever the events have doubled since; in between, the choices of the model in use are kept. --trials N tunes now,
in N trials, and the same data, seed and number of trials choose the same; --trials 0 does not tune.
"""
MAX_TRIALS = 1000
"""As many as a budget allows; the search ends by itself long before."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def add_command(commands: Any) -> None:
    command = commands.add_parser(
        "train",
        help="learn from all events; a running server takes the model up by itself",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_tuning(command)
    command.add_argument("--budget", type=duration, metavar="60s", help="start no trial after so long: 90s, 10m, 1h")
    command.set_defaults(run=run_training)


def run_training(parsed: argparse.Namespace, settings: Settings) -> int:
    budget = TuningBudget(trials=parsed.trials, seed=parsed.seed)
    if parsed.budget is not None:
        budget = TuningBudget(
            trials=MAX_TRIALS if parsed.trials is None else parsed.trials, seed=parsed.seed, seconds=parsed.budget
        )
    trials: list[int] = []
    model = asyncio.run(_train(settings, budget, on_trial=trials.append))
    sys.stdout.write(told(model, tuned=bool(trials)))
    return 0


def told(model: Model, *, tuned: bool) -> str:
    """Say what a model rests on, what was chosen for it, now or by a training before, and what that scored."""
    said = (
        f"Trained model {model.model_id} on {model.n_events:,} events of {model.n_customers:,} customers"
        f" and {model.n_products:,} products.\n"
    )
    tuning, hyperparameters, source_weights = model.tuning, model.hyperparameters, model.source_weights
    if not tuning.trials:
        return said + "Not tuned: too few events, or not asked for. The documented defaults are used.\n"
    values = [
        *((name, getattr(hyperparameters, name)) for name in hyperparameters.__struct_fields__),
        *((f"blend {name}", getattr(source_weights, name)) for name in source_weights.__struct_fields__),
        ("seen_again", model.seen_again),
        ("rebuy_rate", model.rebuy_rate),
        ("variety", model.variety),
    ]
    how = "Tuned in" if tuned else f"Kept what was tuned on {tuning.n_events:,} events, in"
    return (
        said + f"{how} {tuning.trials} trials with seed {tuning.seed}: NDCG@20 {tuning.ndcg:.4f} on held-out events of"
        f" {tuning.n_customers:,} customers; with the default blend {tuning.ndcg_of_default_weights:.4f}.\n"
        + f"Chosen: {', '.join(f'{name} {value:g}' for name, value in values)}.\n"
    )


def duration(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if found is None:
        raise argparse.ArgumentTypeError("expected a duration such as 90s, 10m or 1h")
    return float(found[1]) * _UNITS[found[2]]


async def _train(settings: Settings, budget: TuningBudget, *, on_trial: Callable[[int], None]) -> Model:
    progress = progress_on(sys.stderr)

    def tell(done: int) -> None:
        on_trial(done)
        progress.reach(done)

    progress.begin("Training", None)
    try:
        async with open_repository(settings) as repository:
            return await purge_and_train(
                repository,
                retention_days=settings.event_retention_days,
                budget=budget,
                on_trial=tell,
            )
    finally:
        progress.end()
