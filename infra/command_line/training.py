"""`python main.py train`: learn from all events, and switch to what was learned."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from domain.model import Model
from infra.edge.storage import open_repository
from infra.retention import purge
from infra.settings import Settings
from infra.trainer import train


def add_command(commands: Any) -> None:
    command = commands.add_parser("train", help="learn from all events; a running server takes the model up by itself")
    command.set_defaults(run=run_training)


def run_training(_: argparse.Namespace, settings: Settings) -> int:
    model = asyncio.run(_train(settings))
    sys.stdout.write(told(model))
    return 0


def told(model: Model) -> str:
    """Say in one line what a model rests on."""
    return (
        f"Trained model {model.model_id} on {model.n_events:,} events of {model.n_customers:,} customers"
        f" and {model.n_products:,} products.\n"
    )


async def _train(settings: Settings) -> Model:
    async with open_repository(settings) as repository:
        await purge(repository, now=datetime.now(UTC), retention_days=settings.event_retention_days)
        return await train(repository, now=datetime.now(UTC))
