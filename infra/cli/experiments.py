"""`python main.py experiments`: list, save, remove and report experiments."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.records.audit import COMMAND_LINE
from domain.records.experiment_reports import ArmReport, ExperimentReport
from domain.records.experiments import Arm, Experiment, ExperimentList, ExperimentSaved, ListedExperiment
from domain.records.placements import Estimate
from infra.cli.arguments import as_columns
from infra.cli.json_records import as_json, dates_in_words, minute_in_utc, read_record
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases import experiments
from infra.use_cases.experiment_removal import remove_experiment
from infra.use_cases.experiment_report import report_experiment

DESCRIPTION = """\
List the experiments of the shop. docs/experiments.md says how to run one and how to read its report.

`experiments save FILE.json` creates, changes or ends the experiment of a file, `experiments report ID` compares its arms,
and `experiments remove ID` removes one that does not run. The audit keeps an entry.
"""
_RIGHT = ("customers", "ordered", "per customer", "click rate", "orders against control", "revenue against control")


def add_command(commands: Any) -> None:
    command = commands.add_parser("experiments", help="list, save, report and remove experiments", description=DESCRIPTION)
    command.add_argument("--json", action="store_true", help="print the experiments as JSON")
    command.set_defaults(run=run_list)
    actions = command.add_subparsers(title="actions", metavar="ACTION")
    save = actions.add_parser("save", help="create, change or end the experiment of a JSON file")
    save.add_argument("file", type=Path, metavar="FILE.json")
    save.set_defaults(run=run_save)
    report = actions.add_parser("report", help="compare the customers of the arms")
    report.add_argument("experiment_id", metavar="ID")
    report.add_argument("--json", action="store_true", help="print the report as JSON")
    report.set_defaults(run=run_report)
    remove = actions.add_parser("remove", help="remove an experiment that does not run")
    remove.add_argument("experiment_id", metavar="ID")
    remove.set_defaults(run=run_remove)


def run_list(parsed: argparse.Namespace, settings: Settings) -> int:
    stored = asyncio.run(_read(settings))
    if parsed.json:
        sys.stdout.write(as_json(ExperimentList(experiments=stored)))
    elif stored:
        sys.stdout.write(as_columns(("experiment", "name", "arms", "when", "status"), [_line(one) for one in stored]))
    else:
        sys.stdout.write("There are no experiments.\n")
    return 0


def run_save(parsed: argparse.Namespace, settings: Settings) -> int:
    saved = asyncio.run(_save(settings, read_record(parsed.file, Experiment, noun="an experiment")))
    verb = "Changed" if saved.previous else "Created"
    sys.stdout.write(f"{verb} the experiment {saved.experiment.known_id} ({saved.experiment.status}).\n")
    return 0


def run_report(parsed: argparse.Namespace, settings: Settings) -> int:
    report = asyncio.run(_report(settings, parsed.experiment_id))
    if parsed.json:
        sys.stdout.write(as_json(report))
    else:
        Console().print(as_table(report))
        told = [f"{arm.name}: {arm.comparison.summary}" for arm in report.arms if arm.comparison]
        sys.stdout.write("\n".join([*told, *(f"Warning: {warning}" for warning in report.warnings)]) + "\n")
    return 0


def run_remove(parsed: argparse.Namespace, settings: Settings) -> int:
    asyncio.run(_remove(settings, parsed.experiment_id))
    sys.stdout.write("The experiment is removed.\n")
    return 0


def as_table(report: ExperimentReport) -> Table:
    """Lay out a report, a line for each arm and one for its intervals."""
    title = f"{report.experiment.name}: {minute_in_utc(report.begins_at)} to {minute_in_utc(report.ends_at)} (UTC)"
    # Names are texts of whoever saves an experiment: no markup.
    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column("arm")
    for heading in _RIGHT:
        table.add_column(heading, justify="right")
    for arm in report.arms:
        table.add_row(*(Text(cell) for cell in _cells(arm, currency=report.currency)))
    return table


def _cells(arm: ArmReport, *, currency: str) -> tuple[str, ...]:
    compared = arm.comparison
    return (
        arm.name,
        f"{arm.customers:,}",
        _with_bounds(arm.conversion, "{:.2%}"),
        _with_bounds(arm.revenue_per_customer, "{:,.2f}", unit=f" {currency}"),
        _with_bounds(arm.click_rate, "{:.2%}"),
        _with_bounds(compared.difference, "{:+.1%}") if compared else "control",
        _with_bounds(compared.revenue_difference, "{:+.1%}") if compared else "control",
    )


def _with_bounds(estimate: Estimate | None, form: str, *, unit: str = "") -> str:
    if estimate is None:
        return "-"
    high = "?" if estimate.high is None else form.format(estimate.high)
    return f"{form.format(estimate.value)}{unit}\n[{form.format(estimate.low)}, {high}]"


def _line(experiment: ListedExperiment) -> tuple[str, ...]:
    when = dates_in_words(experiment.starts_at, experiment.until)
    arms = ", ".join(_of_arm(arm) for arm in experiment.arms)
    return experiment.known_id, experiment.name, arms, when or "-", experiment.status


def _of_arm(arm: Arm) -> str:
    does = [
        *(["popular"] if arm.popular else []),
        *(f"rule {rule_id}" for rule_id in arm.rules),
        *(f"{source}={weight:g}" for source, weight in arm.weights.items()),
    ]
    return f"{arm.name} x{arm.share}" + (f" ({' '.join(does)})" if does else "")


async def _read(settings: Settings) -> list[ListedExperiment]:
    async with open_repository(settings) as repository:
        return list(await repository.stored_experiments())


async def _save(settings: Settings, experiment: Experiment) -> ExperimentSaved:
    async with open_repository(settings) as repository:
        return await experiments.save_experiment(repository, experiment, now=datetime.now(UTC), actor=COMMAND_LINE)


async def _report(settings: Settings, experiment_id: str) -> ExperimentReport:
    async with open_repository(settings) as repository:
        return await report_experiment(
            repository,
            experiment_id,
            now=datetime.now(UTC),
            attribution_days=settings.attribution_days,
            currency=settings.currency,
        )


async def _remove(settings: Settings, experiment_id: str) -> None:
    async with open_repository(settings) as repository:
        await remove_experiment(repository, experiment_id, now=datetime.now(UTC), actor=COMMAND_LINE)
