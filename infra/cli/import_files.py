"""`python main.py import products|customers|events|orders FILE...`: import a shop's data from files."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any, get_args

from domain.errors import ConfigurationError
from domain.records.imports import ImportRecord
from infra.cli.arguments import add_mapping_option, parse_pairs
from infra.cli.progress_bar import progress_on
from infra.cli.train import train_and_describe
from infra.ingest import ImportOptions, NotUnderstood, Report, import_files
from infra.ingest.formats import describe
from infra.ingest.formats.own import FIELDS, unknown_fields
from infra.ingest.options import Guests, Kind
from infra.ingest.values.event_names import EVENT_MEANINGS
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.train import TuningBudget

NOT_UNDERSTOOD_EXIT_CODE = 4
N_LISTED = 20
DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}

DESCRIPTION = """\
Import files as shops export them: CSV, JSON, JSON Lines, XML feeds, Parquet, Excel; plain, .gz, .xz, .bz2 or .zip; - reads
standard input. Format, encoding, separators and columns are detected and shown before anything is stored.

Importing the same lines again changes nothing. To finish an interrupted import, run the same command again.
Refused lines are written to FILE.rejected.jsonl; the exit code is then 3. It is 4 if a file was not understood and nothing
was stored, and 1 if a file cannot be read.

After events, a model is trained with the settings in use; `python main.py train` also tunes them to the shop.
docs/import.md explains all of it.
"""


def add_command(commands: Any) -> None:
    fields = "\n".join(f"  {kind}: {', '.join(names)}" for kind, names in FIELDS.items())
    description = f"{DESCRIPTION}\nformats:\n{describe()}\n\nfields:\n{fields}\n"
    command = commands.add_parser("import", help="import products, customers, events or orders", description=description)
    command.add_argument("kind", choices=get_args(Kind), nargs="?", help="what the files contain")
    command.add_argument("files", nargs="*", metavar="FILE")
    command.add_argument("--format", metavar="NAME", help="the format of the files (default: detected)")
    add_mapping_option(command)
    command.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="set a field in all lines")
    command.add_argument(
        "--event-map", action="append", default=[], metavar="THEIRS=OURS",
        help=f"translate an event type: to {', '.join(EVENT_MEANINGS[:-1])} or ignored",
    )  # fmt: skip
    command.add_argument("--dates", choices=("dmy", "mdy", "ymd"), help="the order of day, month and year")
    command.add_argument("--delimiter", metavar="SIGN", help="the separator of cells: , ; | or tab")
    command.add_argument("--encoding", metavar="NAME", help="the encoding of the text, such as cp1252")
    command.add_argument("--split-category", metavar="SIGN", help="the separator of category levels")
    command.add_argument("--null", action="append", default=[], metavar="TEXT", help="a text that means an empty cell")
    command.add_argument(
        "--guests", choices=get_args(Guests), default="skip",
        help="events without a customer: skip them, make a guest of each order, or of each anonymous id (skip)",
    )  # fmt: skip
    command.add_argument("--create-products", action="store_true", help="create products that appear only in events")
    command.add_argument("--full", action="store_true", help="withdraw products that the files do not have")
    command.add_argument("--dry-run", action="store_true", help="say what would happen, and store nothing")
    command.add_argument("--yes", action="store_true", help="confirm that --full may withdraw many products")
    command.add_argument("--show-values", action="store_true", help="show samples of personal fields too")
    command.add_argument("--no-train", action="store_true", help="do not train after importing events")
    command.add_argument("--list", action="store_true", help="list the last imports")
    command.add_argument("--undo", metavar="IMPORT", help="take back the events of an import")
    command.set_defaults(run=run_import)


def run_import(parsed: argparse.Namespace, settings: Settings) -> int:
    if parsed.list or parsed.undo:
        return asyncio.run(_list(settings) if parsed.list else _undo(parsed.undo, settings))
    if not (parsed.kind and parsed.files):
        raise ConfigurationError("import needs what the files contain, and the files: import products FILE...")
    options = options_from(parsed, settings)
    trains = options.kind in {"events", "orders"} and not (parsed.no_train or parsed.dry_run)
    try:
        report = asyncio.run(_import(options, settings, trains=trains))
    except NotUnderstood as error:
        sys.stdout.flush()
        sys.stderr.write(f"{error}\n")
        return NOT_UNDERSTOOD_EXIT_CODE
    return report.exit_code


def options_from(parsed: argparse.Namespace, settings: Settings) -> ImportOptions:
    """Return the options of an import; raise ConfigurationError for a field that its kind does not have."""
    options = ImportOptions(
        kind=parsed.kind,
        paths=tuple(parsed.files),
        format=parsed.format,
        mapping=parse_pairs("--map", parsed.map),
        constants=parse_pairs("--set", parsed.set),
        event_names=parse_pairs("--event-map", parsed.event_map),
        dates=parsed.dates,
        delimiter=DELIMITERS.get(parsed.delimiter, parsed.delimiter),
        encoding=parsed.encoding,
        category_separator=parsed.split_category,
        nulls=tuple(parsed.null),
        guests=parsed.guests,
        create_products=parsed.create_products,
        full=parsed.full,
        dry_run=parsed.dry_run,
        confirmed=parsed.yes,
        show_values=parsed.show_values,
        currency=settings.currency,
        retention_days=settings.event_retention_days,
    )
    for option, fields in (("--map", options.mapping.values()), ("--set", options.constants)):
        if unknown := unknown_fields(options.kind, fields):
            known = ", ".join((*FIELDS[options.kind], *["attributes.NAME"] * (options.kind == "products")))
            raise ConfigurationError(f"{option}: {options.kind} have no field {', '.join(unknown)}; they have {known}.")
    if unknown := sorted(set(options.event_names.values()) - set(EVENT_MEANINGS)):
        raise ConfigurationError(f"--event-map: {', '.join(unknown)} is none of {', '.join(EVENT_MEANINGS)}.")
    return options


async def _import(options: ImportOptions, settings: Settings, *, trains: bool) -> Report:
    now = datetime.now(UTC)
    async with open_repository(settings) as repository:
        with progress_on(sys.stderr) as progress:
            report = await import_files(
                options,
                store=repository.rehearsal() if options.dry_run else repository,
                now=now,
                progress=progress,
                say=sys.stdout.write,
            )
        sys.stdout.write(report.summary(stored=not options.dry_run))
        if trains:
            sys.stdout.write(f"`python main.py import --undo {report.import_id}` takes these events back.\n")
            with progress_on(sys.stderr) as progress:
                description = await train_and_describe(repository, settings, TuningBudget(trials=0), progress=progress)
            sys.stdout.write(description)
            sys.stdout.write("An import does not tune: `python main.py train` does.\n")
    return report


async def _list(settings: Settings) -> int:
    async with open_repository(settings) as repository:
        for record in await repository.imports(N_LISTED):
            sys.stdout.write(_in_words(record) + "\n")
    return 0


async def _undo(import_id: str, settings: Settings) -> int:
    async with open_repository(settings) as repository:
        known = {record.import_id for record in await repository.imports(1_000_000)}
        if import_id not in known:
            raise ConfigurationError(f"There is no import {import_id}; `python main.py import --list` lists them.")
        n_undone = 0
        while n_batch := await repository.undo_import(import_id):
            n_undone += n_batch
    sys.stdout.write(
        f"Took back {n_undone:,} events and changes of orders. `python main.py train` makes a model without them.\n"
    )
    return 0


def _in_words(record: ImportRecord) -> str:
    counts = ", ".join(f"{n_lines:,} {status.replace('_', ' ')}" for status, n_lines in record.counts.items())
    state = counts or ("" if record.finished_at else "interrupted")
    return (
        f"{record.import_id}  {record.started_at:%Y-%m-%d %H:%M}  {record.kind}  {' '.join(record.files)}  {state}".rstrip()
    )
