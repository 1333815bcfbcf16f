"""`python main.py restore FILE`: restore a backup of the SQLite database."""

import argparse
import sys
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from infra.cli.progress_bar import progress_on
from infra.settings import Settings
from infra.storage.sqlite.restore import restore

DESCRIPTION = """\
Replace the SQLite database by a copy of a backup, after all processes that use it have stopped.

The copy is checked, and customers who were erased since the backup are erased in it, as the file DATABASE.erased
records them. Everything else that was written since the backup is lost.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("restore", help="replace the database by a backup", description=DESCRIPTION)
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--yes", action="store_true", help="restore although no file records the erasures since the backup")
    command.set_defaults(run=run_restore)


def run_restore(parsed: argparse.Namespace, settings: Settings) -> int:
    if settings.is_postgres:
        raise ConfigurationError("Restore PostgreSQL with its own tool: pg_restore --dbname=DATABASE_URL FILE")
    with progress_on(sys.stderr) as progress:
        n_erased = restore(parsed.file, settings.database_path, progress=progress, without_record=parsed.yes)
    sys.stdout.write(f"{parsed.file} is restored; erased again: {n_erased:,} customers.\n")
    return 0
