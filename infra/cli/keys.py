"""`python main.py keys`: list the API keys of the settings."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

from domain.records.api_keys import ApiKey
from infra.cli.arguments import as_columns
from infra.keys import NO_KEYS
from infra.settings import Settings
from infra.storage.opening import open_repository

DESCRIPTION = """\
List the keys of API_KEYS with name, scope, last day and last use (UTC), which servers store within about a minute.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("keys", help="list the API keys and their last use", description=DESCRIPTION)
    command.set_defaults(run=run_keys)


def run_keys(_: argparse.Namespace, settings: Settings) -> int:
    if not settings.keys:
        sys.stdout.write(f"{NO_KEYS}only this machine is served.\n")
        return 0
    uses = asyncio.run(_read(settings))
    now = datetime.now(UTC)
    sys.stdout.write(
        as_columns(
            ("name", "scope", "expires", "last use"),
            [(key.name, key.scope, _expiry(key, now), _last_use(uses.get(key.key_id))) for key in settings.keys],
        )
    )
    return 0


def _expiry(key: ApiKey, now: datetime) -> str:
    if (days_left := key.days_left(now)) is None:
        return "never"
    return f"{key.expires_on} ({'expired' if days_left < 0 else f'{days_left} days left'})"


def _last_use(used_at: datetime | None) -> str:
    return "never" if used_at is None else f"{used_at:%Y-%m-%d %H:%M}"


async def _read(settings: Settings) -> dict[str, datetime]:
    async with open_repository(settings) as repository:
        return await repository.key_uses()
