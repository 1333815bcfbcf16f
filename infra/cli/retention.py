"""`python main.py retention`: delete the events that are older than EVENT_RETENTION_DAYS, or count them."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from domain.errors import ConfigurationError
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.purge import plan_purge, purge

DESCRIPTION = """\
Delete the events that are older than EVENT_RETENTION_DAYS.

The app does so by itself at its start and every hour, but never more than half of a history: that needs --yes here.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("retention", help="delete events older than the retention", description=DESCRIPTION)
    command.add_argument("--dry-run", action="store_true", help="only count the events")
    command.add_argument("--yes", action="store_true", help="also delete more than half of the history")
    command.set_defaults(run=run_retention)


def run_retention(parsed: argparse.Namespace, settings: Settings) -> int:
    if settings.event_retention_days == 0:
        raise ConfigurationError("EVENT_RETENTION_DAYS is not set, so all events are kept.")
    sys.stdout.write(asyncio.run(_purge(parsed, settings)))
    return 0


async def _purge(parsed: argparse.Namespace, settings: Settings) -> str:
    now, days = datetime.now(UTC), settings.event_retention_days
    # Opening a repository deletes nothing.
    async with open_repository(settings) as repository:
        plan = await plan_purge(repository, now=now, retention_days=days)
        share = f"{plan.n_old:,} of {plan.n_all:,} events are older than {days} days"
        if parsed.dry_run:
            return f"{share}; nothing was deleted.\n"
        if plan.needs_confirmation and not parsed.yes:
            raise ConfigurationError(f"{share}, which is more than half of the history. To delete them, add --yes.")
        await purge(repository, now=now, retention_days=days, is_confirmed=True)
        return f"{share}; they were deleted.\n"
