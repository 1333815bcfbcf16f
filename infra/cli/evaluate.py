"""`python main.py evaluate`: how good the lists are, as a table for the person who runs the shop."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.errors import ConfigurationError
from domain.evaluation.baselines import MODELS, ModelName
from domain.evaluation.splitting import Split
from domain.records.products import Product
from infra.cli.arguments import add_mapping, add_tuning, days, list_length, renamings
from infra.cli.plot import check_plot, plot
from infra.ingest.evaluation_files import (
    Numbering,
    ProductLine,
    check_mapping,
    product_of,
    read_log,
    read_products,
    read_segments,
)
from infra.progress import progress_on
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions, EvaluationResult, evaluate, split_for_evaluation
from infra.use_cases.train import read_catalogue, read_events

DESCRIPTION = """\
Hide events, recommend with the code that serves, and measure what was foreseen. The whole catalogue is ranked.

Without --train it evaluates the shop's database. Files are CSV with a header or JSON Lines, plain, .gz or .xz; any text
is an id, times are optional. Without --test, --holdout-days or --leave-last-out the last days with about 15 % of the events
are held out, or a tenth of each customer's products where events have no real times.
"""

_SAID = {"drop": "dropped", "keep": "kept"}


def add_command(commands: Any) -> None:
    command = commands.add_parser(
        "evaluate",
        help="measure how good the lists are",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--train", nargs="+", metavar="FILE", help="events to learn from")
    hidden = command.add_mutually_exclusive_group()
    hidden.add_argument("--test", nargs="+", metavar="FILE", help="events to find")
    hidden.add_argument("--holdout-days", type=days, metavar="DAYS", help="hold out the last days")
    hidden.add_argument("--leave-last-out", action="store_true", help="hold out the newest event of each customer")
    command.add_argument("--products", metavar="FILE", help="the catalogue; else the products of the training part")
    command.add_argument("--customers", metavar="FILE", help="customers with their segments")
    add_mapping(command)
    command.add_argument("-k", type=list_length, default=20, metavar="1-100", help="length of a list (20)")
    command.add_argument("--seen", choices=("keep", "drop"), default="drop", help="may a list repeat what was seen? (drop)")
    command.add_argument("--models", type=_models, default=MODELS, metavar="A,B,...", help=", ".join(MODELS))
    add_tuning(command)
    command.add_argument("--json", action="store_true", help="print one JSON object per model and line")
    command.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the NDCG of the models (needs matplotlib)")
    command.set_defaults(run=run_evaluation)


def run_evaluation(parsed: argparse.Namespace, settings: Settings) -> int:
    if parsed.plot:
        check_plot(parsed.plot)
    options = EvaluationOptions(k=parsed.k, seen=parsed.seen, models=parsed.models, trials=parsed.trials, seed=parsed.seed)
    progress = progress_on(sys.stderr)
    try:
        data = _from_files(parsed) if parsed.train else asyncio.run(_from_database(parsed, settings))
        results = evaluate(data, options, progress=progress)
        shown = _print_json(results) if parsed.json else list(results)
    finally:
        progress.end()
    if not parsed.json:
        Console().print(as_table(shown, options))
    if parsed.plot:
        plot(shown, k=options.k, title=_compared(shown[0], options), path=parsed.plot)
    return 0


def as_table(results: Sequence[EvaluationResult], options: EvaluationOptions) -> Table:
    """Lay out what was measured, a line per model."""
    # So narrow that names and figures are whole in a terminal of 80 columns; intervals go into a second line there.
    table = Table(title=_compared(results[0], options), box=SIMPLE_HEAD, padding=0, show_edge=False)
    names = ("model", f"recall@{options.k}", f"NDCG@{options.k}", "hit rate", "MRR", "coverage", "train s", "ms a list")
    for name in names:
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap="@" not in name)
    for one in results:
        table.add_row(
            one.model,
            _with_interval(one.recall, one.recall_interval),
            _with_interval(one.ndcg, one.ndcg_interval),
            f"{one.hit_rate:.4f}",
            f"{one.mrr:.4f}",
            f"{one.coverage:.1%}",
            f"{one.train_seconds:.1f}",
            f"{one.ms_per_list:.2f}",
        )
    return table


def _compared(one: EvaluationResult, options: EvaluationOptions) -> str:
    return f"{one.customers:,} customers, {one.left_out:,} left out, products seen before {_SAID[options.seen]}"


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.4f} [{interval[0]:.4f}, {interval[1]:.4f}]"


def _print_json(results: Iterable[EvaluationResult]) -> list[EvaluationResult]:
    shown: list[EvaluationResult] = []
    for one in results:
        sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
        sys.stdout.flush()
        shown.append(one)
    return shown


def _from_files(parsed: argparse.Namespace) -> EvaluationData:
    customers, numbers, mapping = Numbering(), Numbering(), renamings(parsed.map)
    check_mapping(mapping)
    products = read_products(parsed.products, numbers, mapping=mapping) if parsed.products else []
    log = read_log(parsed.train, customers=customers, products=numbers, mapping=mapping)
    products += _unlisted(numbers, products, available=not parsed.products)
    if parsed.test:
        test = read_log(parsed.test, customers=customers, products=numbers, mapping=mapping)
        split = Split(train=replace(log, customer_ids=list(customers.numbers)), test=test)
    else:
        split = split_for_evaluation(log, days=parsed.holdout_days, leave_last=parsed.leave_last_out)
        if not parsed.products:
            shown = set(split.train.products.tolist())
            products = [product for product in products if product.product_index in shown]
    assigned = read_segments(parsed.customers, mapping=mapping) if parsed.customers else {}
    return EvaluationData(split=split, products=products, assigned=assigned)


def _unlisted(numbers: Numbering, products: Sequence[Product], *, available: bool) -> list[Product]:
    """Make products of those that only events name; beside a catalogue they are known, but not for sale."""
    listed = {product.product_index for product in products}
    return [
        product_of(ProductLine(product_id=product_id), index, available=available)
        for product_id, index in numbers.numbers.items()
        if index not in listed
    ]


async def _from_database(parsed: argparse.Namespace, settings: Settings) -> EvaluationData:
    if parsed.test or parsed.products or parsed.customers or parsed.map:
        raise ConfigurationError(
            "--test, --products, --customers and --map go with --train; without it the database is evaluated."
        )
    async with open_repository(settings) as repository:
        log = await read_events(repository)
        products = await read_catalogue(repository)
        assigned = await repository.assigned_segments()
    split = split_for_evaluation(log, days=parsed.holdout_days, leave_last=parsed.leave_last_out)
    return EvaluationData(split=split, products=products, assigned=assigned)


def _models(text: str) -> tuple[ModelName, ...]:
    names = text.split(",")
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    return tuple(name for name in MODELS if name in names)
