"""`python main.py migrate`: create or update the schema."""

import argparse
import asyncio
import sys
from typing import Any

from infra.settings import Settings
from infra.storage.opening import open_repository


def add_command(commands: Any) -> None:
    command = commands.add_parser("migrate", help="create or update the schema of the database")
    command.set_defaults(run=run_migrate)


def run_migrate(_: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_migrate(settings))
    sys.stdout.write("The schema is up to date.\n")
    return 0


async def _migrate(settings: Settings) -> None:
    # Opening a database migrates it.
    async with open_repository(settings):
        pass
