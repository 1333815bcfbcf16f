"""`python main.py migrate`, `copy` and `backup`: the schema, moving a shop to another database, keeping a copy of it."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from domain.errors import ConfigurationError
from infra.progress import progress_on
from infra.settings import Settings, is_database_url
from infra.storage.opening import open_repository
from infra.storage.sqlite.backup import back_up
from infra.use_cases.copy import copy_shop

COPYING = """\
Copy a whole shop into an empty database and verify it: counts and checksums of all tables are compared at the end.

A copy that was cut off is finished by the same command. Stop what writes to the source first. Stored lists are not
copied: each is made anew when it is first asked for.
"""

BACKING_UP = """\
Copy the SQLite database into a new file while it is in use, and check the copy.

It holds everything that was acknowledged before the start. To restore it: stop what uses the database, remove its
-wal and -shm files, and put the copy in its place.
"""


def add_commands(commands: Any) -> None:
    migrating = commands.add_parser("migrate", help="make or update the schema of the database")
    migrating.set_defaults(run=run_migration)
    copying = commands.add_parser(
        "copy",
        help="copy a shop into another database",
        description=COPYING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option, name in (("--from", "source"), ("--to", "target")):
        copying.add_argument(option, dest=name, required=True, metavar="URL", help="sqlite:///FILE or postgresql://...")
    copying.set_defaults(run=run_copy)
    backing_up = commands.add_parser(
        "backup",
        help="copy the database into a file, while it is in use",
        description=BACKING_UP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    backing_up.add_argument("file", type=Path, metavar="FILE")
    backing_up.set_defaults(run=run_backup)


def run_migration(_: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_migrate(settings))
    sys.stdout.write("The schema is up to date.\n")
    return 0


async def _migrate(settings: Settings) -> None:
    async with open_repository(settings):
        pass


def run_copy(parsed: argparse.Namespace, settings: Settings) -> int:
    for option, url in (("--from", parsed.source), ("--to", parsed.target)):
        if not is_database_url(url):
            raise ConfigurationError(f"{option} takes sqlite:///FILE or postgresql://... .")
    if parsed.source == parsed.target:
        raise ConfigurationError("--from and --to name the same database.")
    source = replace(settings, database_url=parsed.source)
    if not source.is_postgres and not source.database_path.is_file():
        raise ConfigurationError(f"The database {source.database_path} does not exist.")
    copied = asyncio.run(_copy(settings, parsed.source, parsed.target))
    for name, n_rows in copied.items():
        sys.stdout.write(f"{name}: {n_rows:,} rows, the same on both sides\n")
    return 0


async def _copy(settings: Settings, source: str, target: str) -> dict[str, int]:
    progress = progress_on(sys.stderr)
    try:
        async with (
            open_repository(replace(settings, database_url=source)) as ours,
            open_repository(replace(settings, database_url=target)) as theirs,
        ):
            return await copy_shop(ours.engine, theirs.engine, progress=progress)
    finally:
        progress.end()


def run_backup(parsed: argparse.Namespace, settings: Settings) -> int:
    if settings.is_postgres:
        raise ConfigurationError(
            "PostgreSQL is backed up with its own tool: pg_dump --format=custom --file=FILE, with its address."
        )
    progress = progress_on(sys.stderr)
    try:
        n_bytes = back_up(settings.database_path, parsed.file, progress=progress)
    finally:
        progress.end()
    sys.stdout.write(f"{parsed.file}: {n_bytes:,} bytes, checked\n")
    return 0
