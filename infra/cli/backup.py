"""`python main.py backup FILE`: back up the SQLite database while it is in use."""

import argparse
import sys
from pathlib import Path
from typing import Any

from domain.errors import ConfigurationError
from infra.cli.progress_bar import progress_on
from infra.settings import Settings
from infra.storage.sqlite.backup import back_up

DESCRIPTION = """\
Copy the SQLite database into a new file while it is in use, and check the copy.

The copy contains everything that was acknowledged before the start. To restore it, stop all processes that use the
database, and run `python main.py restore FILE`.
"""


def add_command(commands: Any) -> None:
    command = commands.add_parser("backup", help="copy the database into a file while it is in use", description=DESCRIPTION)
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=run_backup)


def run_backup(parsed: argparse.Namespace, settings: Settings) -> int:
    if settings.is_postgres:
        raise ConfigurationError("Back up PostgreSQL with its own tool: pg_dump --format=custom --file=FILE DATABASE_URL")
    with progress_on(sys.stderr) as progress:
        n_bytes = back_up(settings.database_path, parsed.file, progress=progress)
    sys.stdout.write(f"{parsed.file}: {n_bytes:,} bytes, checked\n")
    return 0
