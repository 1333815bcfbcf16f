"""`python main.py train`: train a model on all events."""

import argparse
import asyncio
import re
import sys
from typing import Any

from domain.ports.shop import ShopStore
from domain.ranking.model import Model
from domain.ranking.own_scores import weights_by_source
from infra.cli.arguments import add_tuning_options
from infra.cli.progress_bar import progress_on
from infra.progress import Progress
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.purge import Retention, purge_and_train
from infra.use_cases.train import ConfigOrigin, TrainingWatcher, TuningBudget

DESCRIPTION = """\
Train on all events; a running server switches to the new model by itself.

Training first tunes its settings to the shop: it holds out some events, and tries settings on them. It tunes at the
first training and again after the number of events has doubled; in between it keeps the settings of the current model.
--trials N tunes now, in at most N trials: the same data, seed and number of trials give the same settings. --trials 0
does not tune. --budget bounds the whole training: it tunes now, in as many trials as there is time for.
"""
MAX_TRIALS = 1000
"""The number of trials within a --budget; the search converges long before."""

_WHY_NOT_TUNED: dict[ConfigOrigin, str] = {
    "nothing_to_compare": "the held-out events could not be compared with any list",
    "no_time": "the budget leaves no time for a trial",
}
_UNIT_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def add_command(commands: Any) -> None:
    command = commands.add_parser(
        "train", help="train on all events; a running server switches to the new model by itself", description=DESCRIPTION
    )
    add_tuning_options(command)
    command.add_argument("--budget", type=duration, metavar="60s", help="bound the whole training: 90s, 10m, 1h")
    command.set_defaults(run=run_train)


def run_train(parsed: argparse.Namespace, settings: Settings) -> int:
    budget = TuningBudget(trials=parsed.trials, seed=parsed.seed)
    if parsed.budget is not None:
        budget = TuningBudget(
            trials=MAX_TRIALS if parsed.trials == "auto" else parsed.trials, seed=parsed.seed, seconds=parsed.budget
        )
    sys.stdout.write(asyncio.run(_train(settings, budget)))
    return 0


def describe_model(model: Model, *, origin: ConfigOrigin) -> str:
    """Return the data a model was trained on, its settings, and their score, as lines of text."""
    summary = (
        f"Trained model {model.model_id} on {model.n_events:,} events of {model.n_customers:,} customers"
        f" and {model.n_products:,} products.\n"
    )
    config, tuning = model.config, model.config.tuning
    if not tuning.trials:
        reason = _WHY_NOT_TUNED.get(origin, "there are too few events, or tuning was off")
        return f"{summary}Not tuned: {reason}. The documented defaults are used.\n"
    hyperparameters = config.hyperparameters
    values = [
        *((name, getattr(hyperparameters, name)) for name in hyperparameters.__struct_fields__),
        *((f"weight {name}", weight) for name, weight in weights_by_source(config.source_weights).items()),
        ("seen_again", config.seen_again),
        ("newest_share", config.newest_share),
        ("rebuy_rate", config.rebuy_rate),
        ("variety", config.variety),
    ]
    if origin == "rejected":
        beginning = f"The new settings scored {tuning.rejected_ndcg:.4f}, so those in use stay. They were tuned in"
    elif origin == "tuned":
        beginning = "Tuned in"
    else:
        why = f"Not tuned again: {_WHY_NOT_TUNED[origin]}. " if origin in _WHY_NOT_TUNED else ""
        beginning = f"{why}Kept the settings tuned on {tuning.n_events:,} events in"
    return (
        f"{summary}{beginning} {tuning.trials} trials with seed {tuning.seed}: NDCG@20 {tuning.ndcg:.4f} on held-out events"
        f" of {tuning.n_customers:,} customers; {tuning.ndcg_of_default_weights:.4f} with the default source weights.\n"
        f"Settings: {', '.join(f'{name} {value:g}' for name, value in values)}.\n"
    )


def duration(text: str) -> float:
    """Parse a duration into seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None:
        raise argparse.ArgumentTypeError("expected a duration such as 90s, 10m or 1h")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


async def _train(settings: Settings, budget: TuningBudget) -> str:
    with progress_on(sys.stderr) as progress:
        async with open_repository(settings) as repository:
            return await train_and_describe(repository, settings, budget, progress=progress)


async def train_and_describe(repository: ShopStore, settings: Settings, budget: TuningBudget, *, progress: Progress) -> str:
    """Purge and train, and return what `describe_model` says of the model."""
    watcher = TrainingWatcher(progress)
    retention = Retention(event_days=settings.event_retention_days, guest_days=settings.guest_retention_days)
    model = await purge_and_train(repository, retention=retention, budget=budget, watcher=watcher)
    return describe_model(model, origin=watcher.origin)
