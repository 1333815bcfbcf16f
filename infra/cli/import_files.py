"""`python main.py import products|customers|events FILE...`: import a shop's data from files."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, get_args

from infra.cli.arguments import add_mapping_option, parse_mapping
from infra.cli.progress_bar import progress_on
from infra.cli.train import train_and_describe
from infra.ingest import ImportOptions, Report, import_files
from infra.ingest.rows import Kind, columns_of
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.train import TuningBudget

DESCRIPTION = """\
Import files: CSV with a header or JSON Lines, plain, .gz or .xz; - reads standard input.

Importing the same lines again changes nothing. To finish an interrupted import, run the same command again.
Refused lines are written to FILE.rejected.jsonl; the exit code is then 3.

After events, a model is trained with the settings in use; `python main.py train` also tunes them to the shop.

columns:
"""


def add_command(commands: Any) -> None:
    description = DESCRIPTION + "\n".join(f"  {kind}: {', '.join(columns_of(kind))}" for kind in get_args(Kind))
    command = commands.add_parser("import", help="import products, customers or events from files", description=description)
    command.add_argument("kind", choices=get_args(Kind))
    command.add_argument("files", nargs="+", metavar="FILE")
    add_mapping_option(command)
    command.add_argument("--create-products", action="store_true", help="create products that appear only in events")
    command.add_argument("--no-train", action="store_true", help="do not train after importing events")
    command.set_defaults(run=run_import)


def run_import(parsed: argparse.Namespace, settings: Settings) -> int:
    options = ImportOptions(
        kind=parsed.kind,
        paths=tuple(parsed.files),
        mapping=parse_mapping(parsed.map),
        create_products=parsed.create_products,
        retention_days=settings.event_retention_days,
    )
    # Products and customers alone teach a model nothing.
    trains = parsed.kind == "events" and not parsed.no_train
    report = asyncio.run(_import(options, settings, trains=trains))
    return report.exit_code


async def _import(options: ImportOptions, settings: Settings, *, trains: bool) -> Report:
    now = datetime.now(UTC)
    async with open_repository(settings) as repository:
        with progress_on(sys.stderr) as progress:
            report = await import_files(options, store=repository, now=now, progress=progress)
        sys.stdout.write(report.summary())
        if trains:
            with progress_on(sys.stderr) as progress:
                description = await train_and_describe(repository, settings, TuningBudget(trials=0), progress=progress)
            sys.stdout.write(description)
            sys.stdout.write("An import does not tune: `python main.py train` does.\n")
    return report
