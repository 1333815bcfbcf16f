"""`python main.py retention`: delete events and guests that are older than their retention, or count them."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from domain.errors import ConfigurationError
from domain.ports.repository import Repository
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.purge import plan_guest_purge, plan_purge, purge, purge_guests

DESCRIPTION = """\
Delete the events that are older than EVENT_RETENTION_DAYS, and the guests without an event for GUEST_RETENTION_DAYS.

The app does so by itself at its start and every hour, but never more than half of a history: that needs --yes here.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("retention", help="delete what is older than the retention", description=DESCRIPTION)
    command.add_argument("--dry-run", action="store_true", help="only count events and guests")
    command.add_argument("--yes", action="store_true", help="also delete more than half of the history")
    command.set_defaults(run=run_retention)


def run_retention(parsed: argparse.Namespace, settings: Settings) -> int:
    if not settings.event_retention_days and not settings.guest_retention_days:
        raise ConfigurationError("EVENT_RETENTION_DAYS and GUEST_RETENTION_DAYS are 0, so all events and guests are kept.")
    asyncio.run(_purge(parsed, settings))
    return 0


async def _purge(parsed: argparse.Namespace, settings: Settings) -> None:
    # Opening a repository deletes nothing.
    async with open_repository(settings) as repository:
        if settings.event_retention_days:
            sys.stdout.write(await _purge_events(repository, parsed, days=settings.event_retention_days))
        if settings.guest_retention_days:
            sys.stdout.write(await _purge_guests(repository, parsed, days=settings.guest_retention_days))


async def _purge_events(repository: Repository, parsed: argparse.Namespace, *, days: int) -> str:
    now = datetime.now(UTC)
    plan = await plan_purge(repository, now=now, retention_days=days)
    share = f"{plan.n_old:,} of {plan.n_all:,} events are older than {days} days"
    if parsed.dry_run:
        return f"{share}; nothing was deleted.\n"
    _check_confirmed(parsed, share, needs_confirmation=plan.needs_confirmation)
    await purge(repository, now=now, retention_days=days, is_confirmed=True)
    return f"{share}; they were deleted.\n"


async def _purge_guests(repository: Repository, parsed: argparse.Namespace, *, days: int) -> str:
    now = datetime.now(UTC)
    plan = await plan_guest_purge(repository, now=now, retention_days=days)
    counts = plan.counts
    share = f"{counts.n_expired:,} of {counts.n_guests:,} guests had no event for {days} days"
    if parsed.dry_run:
        return f"{share}; nobody was deleted.\n"
    events = f"{share}, with {counts.n_expired_events:,} of {counts.n_events:,} events"
    _check_confirmed(parsed, events, needs_confirmation=plan.needs_confirmation)
    await purge_guests(repository, now=now, retention_days=days, is_confirmed=True)
    return f"{share}; they were deleted.\n"


def _check_confirmed(parsed: argparse.Namespace, share: str, *, needs_confirmation: bool) -> None:
    if needs_confirmation and not parsed.yes:
        raise ConfigurationError(f"{share}, which is more than half of the history. To delete them, add --yes.")
