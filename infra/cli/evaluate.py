"""`python main.py evaluate`: measure the quality of the lists on held-out events."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.errors import ConfigurationError
from domain.evaluation.baselines import MODELS, OPTIONAL_MODELS, additive_models
from domain.evaluation.measurement import EvaluationResult
from domain.ranking.own_scores import own_names
from domain.records.recommendations import Seen
from infra.cli.arguments import add_mapping_option, add_tuning_options, days, list_length
from infra.cli.evaluate_buy_again import BUY_AGAIN, print_buy_again
from infra.cli.evaluate_related import RELATED_TASKS, print_related
from infra.cli.evaluation_data import from_database, from_files
from infra.cli.explain import print_explanation
from infra.cli.per_customer import per_customer_file
from infra.cli.plot import check_plot, plot
from infra.cli.progress_bar import progress_on
from infra.cli.results import in_json, with_interval
from infra.settings import Settings
from infra.use_cases.evaluate import EvaluationOptions, evaluate

DESCRIPTION = """\
Hold out events, recommend with the code that serves, and compare the lists with the held-out events. Every model ranks the
whole catalogue.

Without --train it evaluates the database of the shop. Files are read as in an import; times are optional. Without --test,
--holdout-days or --leave-last-out, the last days with about 15 % of the events are held out; where events have no real
times, a tenth of each customer's products.
"""

TASKS = ("for-customer", *RELATED_TASKS, BUY_AGAIN)

SEEN: dict[str, Seen] = {
    "few": "few", "exclude": "exclude", "include": "include", "drop": "exclude", "keep": "include",
}  # fmt: skip
"""The values of --seen, as values of `ListRequest.seen`; published protocols call two of them drop and keep."""
_SEEN_PRODUCTS: dict[Seen, str] = {"few": "on at most two of ten places", "exclude": "left out", "include": "included"}


def add_command(commands: Any) -> None:
    command = commands.add_parser("evaluate", help="measure the quality of the lists", description=DESCRIPTION)
    command.add_argument("--train", nargs="+", metavar="FILE", help="events to train on")
    split = command.add_mutually_exclusive_group()
    split.add_argument("--test", nargs="+", metavar="FILE", help="events to predict")
    split.add_argument("--holdout-days", type=days, metavar="DAYS", help="hold out the last DAYS")
    split.add_argument("--leave-last-out", action="store_true", help="hold out the newest event of each customer")
    command.add_argument(
        "--task",
        choices=TASKS,
        default="for-customer",
        help="the lists to evaluate: a customer's, those about products, or what is bought again",
    )
    command.add_argument("--products", metavar="FILE", help="the catalogue (default: the products of the training events)")
    command.add_argument("--customers", metavar="FILE", help="customers with their segments")
    add_mapping_option(command)
    command.add_argument("-k", type=list_length, default=20, metavar="1-100", help="length of a list (20)")
    command.add_argument(
        "--seen",
        choices=tuple(SEEN),
        default="few",
        help="how many products of the customer's own history a list may have (few)",
    )
    command.add_argument("--ranking", metavar="FILE", help="compare your own lists: customer_id, product_id, rank")
    command.add_argument("--models", type=_models, default=MODELS, metavar="A,B,...", help=", ".join(_model_names()))
    add_tuning_options(command)
    command.add_argument("--json", action="store_true", help="print one JSON object per model and line")
    command.add_argument(
        "--explain",
        nargs="?",
        const="served",
        choices=additive_models(),
        metavar="MODEL",
        help=f"say what each part of the lists of one model earns (served): {', '.join(additive_models())}",
    )
    command.add_argument("--per-customer", type=Path, metavar="FILE.csv", help="write the metrics of each customer")
    command.add_argument("--plot", type=Path, metavar="FILE.png", help="plot the results (needs matplotlib)")
    command.set_defaults(run=run_evaluate)


def run_evaluate(parsed: argparse.Namespace, settings: Settings) -> int:
    if parsed.plot:
        check_plot(parsed.plot)
    if parsed.explain and (parsed.task != "for-customer" or parsed.ranking or parsed.per_customer):
        raise ConfigurationError("--explain is about lists for customers; leave out --task, --ranking and --per-customer.")
    options = EvaluationOptions(
        k=parsed.k, seen=SEEN[parsed.seen], models=parsed.models, trials=parsed.trials, seed=parsed.seed
    )
    with progress_on(sys.stderr) as progress:
        data = (
            from_files(parsed, settings) if parsed.train else asyncio.run(from_database(parsed, settings, progress=progress))
        )
        if parsed.task == BUY_AGAIN:
            return print_buy_again(data, options, progress=progress, as_json=parsed.json)
        if parsed.task != "for-customer":
            return print_related(data, options, kind=parsed.task, progress=progress, as_json=parsed.json)
        if parsed.explain:
            return print_explanation(
                data, options, name=parsed.explain, progress=progress, as_json=parsed.json, plot=parsed.plot
            )
        with per_customer_file(parsed.per_customer) as write_customers:
            results = evaluate(data, options, progress=progress, on_customers=write_customers)
            results = in_json(results) if parsed.json else list(results)
    if not parsed.json:
        Console().print(as_table(results, options), slices_table(results, options), *map(_variety_sentence, results))
    if parsed.plot:
        plot(results, k=options.k, title=_title(results[0], options), path=parsed.plot)
    return 0


def as_table(results: Sequence[EvaluationResult], options: EvaluationOptions) -> Table:
    """Lay out the results, one row per model."""
    # Narrow enough for 80 columns without cutting names or figures; there the intervals wrap into a second line.
    table = Table(title=_title(results[0], options), box=SIMPLE_HEAD, padding=0, show_edge=False)
    names = ("model", f"recall@{options.k}", f"NDCG@{options.k}", "hit rate", "MRR", "coverage", "train s", "ms a list")
    for name in names:
        table.add_column(name, justify="left" if name == "model" else "right", no_wrap="@" not in name)
    for result in results:
        table.add_row(
            result.model,
            with_interval(result.recall, result.recall_interval),
            with_interval(result.ndcg, result.ndcg_interval),
            f"{result.hit_rate:.4f}",
            f"{result.mrr:.4f}",
            f"{result.coverage:.1%}",
            f"{result.train_seconds:.1f}",
            f"{result.ms_per_list:.2f}",
        )
    return table


def slices_table(results: Sequence[EvaluationResult], options: EvaluationOptions) -> Table:
    """Lay out the metrics for newcomers and for each segment, one row per slice and model."""
    table = Table(title="slices of customers", box=SIMPLE_HEAD, padding=0, show_edge=False)
    names = ("slice", "model", "customers", f"recall@{options.k}", f"NDCG@{options.k}", "hit rate")
    for name in names:
        table.add_column(name, justify="left" if name in {"slice", "model"} else "right", no_wrap=True)
    for name in dict.fromkeys(name for result in results for name in result.slices):
        for result in results:
            part = result.slices[name]
            table.add_row(
                name, result.model, f"{part.customers:,}", f"{part.recall:.4f}", f"{part.ndcg:.4f}", f"{part.hit_rate:.4f}"
            )
    return table


def _variety_sentence(result: EvaluationResult) -> str:
    return (
        f"{result.model}: {result.top_product_share:.1%} of the lists contain the most listed product; products younger than"
        f" 30 days have {result.new_product_share:.1%} of the ranks and {result.new_product_hit_share:.1%} of the hits."
    )


def _title(result: EvaluationResult, options: EvaluationOptions) -> str:
    seen = _SEEN_PRODUCTS[options.seen]
    return f"{result.customers:,} customers, {result.left_out:,} left out, products seen before {seen}"


def _models(text: str) -> tuple[str, ...]:
    names, models = text.split(","), _model_names()
    unknown = [name for name in names if name not in models]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown model {', '.join(unknown)}; the models are {', '.join(models)}")
    return tuple(name for name in models if name in names)


def _model_names() -> tuple[str, ...]:
    return (*MODELS, *OPTIONAL_MODELS, *own_names())
