"""`python main.py copy`: copy a shop into another database."""

import argparse
import asyncio
import sys
from typing import Any

from msgspec.structs import replace

from domain.errors import ConfigurationError
from infra.cli.progress_bar import progress_on
from infra.settings import EXPECTED, Settings, is_database_url
from infra.storage.opening import open_repository
from infra.use_cases.copy import copy_shop

DESCRIPTION = """\
Copy a shop into an empty database, then compare row counts and checksums of all tables.

To finish an interrupted copy, run the same command again. Stop all writers of the source first. Stored lists are not
copied: they are computed again on demand.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("copy", help="copy a shop into another database", description=DESCRIPTION)
    for option, name in (("--from", "source"), ("--to", "target")):
        command.add_argument(option, dest=name, required=True, metavar="URL", help="sqlite:///FILE or postgresql://...")
    command.set_defaults(run=run_copy)


def run_copy(parsed: argparse.Namespace, settings: Settings) -> int:
    for option, url in (("--from", parsed.source), ("--to", parsed.target)):
        if not is_database_url(url):
            raise ConfigurationError(f"{option} must be {EXPECTED['DATABASE_URL']}.")
    if parsed.source == parsed.target:
        raise ConfigurationError("--from and --to name the same database.")
    source, target = (replace(settings, database_url=url) for url in (parsed.source, parsed.target))
    if not source.is_postgres and not source.database_path.is_file():
        raise ConfigurationError(f"The database {source.database_path} does not exist.")
    for table, n_rows in asyncio.run(_copy(source, target)).items():
        sys.stdout.write(f"{table}: {n_rows:,} rows, the same on both sides\n")
    return 0


async def _copy(source: Settings, target: Settings) -> dict[str, int]:
    with progress_on(sys.stderr) as progress:
        async with open_repository(source) as source_shop, open_repository(target) as target_shop:
            return await copy_shop(source_shop.engine, target_shop.engine, progress=progress)
