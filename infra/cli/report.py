"""`python main.py report`: show what lists led to, by placement, kind and arm."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.errors import ConfigurationError, InvalidField, InvalidFields
from domain.records.periods import Period, period_between
from domain.records.placements import Estimate, PlacementReport, PlaceReport
from infra.settings import Settings
from infra.storage.opening import open_repository
from infra.use_cases.placements import report_placements

DESCRIPTION = """\
Show what lists led to in a period, by placement, kind and arm of an experiment: products seen, clicks, and orders with what
was paid for products of the lists, each with its 95 % interval in brackets.

An order came after a list, not necessarily because of it. docs/measuring.md says what counts.
"""
_RIGHT = ("seen", "clicks", "click rate", "orders", "revenue")


def add_command(commands: Any) -> None:
    command = commands.add_parser("report", help="show what lists led to", description=DESCRIPTION)
    command.add_argument("--from", dest="begin", metavar="DATE", help="first day, or an instant (28 days before the end)")
    command.add_argument("--to", dest="end", metavar="DATE", help="end, which is not part of the period (now)")
    command.add_argument("--json", action="store_true", help="print the report as JSON")
    command.set_defaults(run=run_report)


def run_report(parsed: argparse.Namespace, settings: Settings) -> int:
    try:
        period = period_between(parsed.begin, parsed.end, now=datetime.now(UTC))
    except (InvalidField, InvalidFields) as error:
        wrong = [f"--{field.pointer.rpartition('/')[2]}: {field.detail}" for field in error.fields]
        raise ConfigurationError("; ".join(wrong) + ".") from error
    report = asyncio.run(_read(settings, period))
    if parsed.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    elif not report.places:
        sys.stdout.write("No list was seen, clicked or bought from in this period.\n")
    else:
        Console().print(as_table(report))
    return 0


async def _read(settings: Settings, period: Period) -> PlacementReport:
    async with open_repository(settings) as repository:
        return await report_placements(
            repository, period, attribution_days=settings.attribution_days, currency=settings.currency
        )


def as_table(report: PlacementReport) -> Table:
    """Lay out a report, a line for each place and one for its intervals."""
    title = f"{report.begins_at:%Y-%m-%d %H:%M} to {report.ends_at:%Y-%m-%d %H:%M} (UTC)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 2, 0, 0), show_edge=False)
    # Placements are texts of whoever asks for a list: no markup.
    table.add_column("placement, kind, arm")
    for heading in _RIGHT:
        table.add_column(heading, justify="right", no_wrap=True)
    for place in report.places:
        table.add_row(*(Text(cell) for cell in _cells(place, currency=report.currency)))
    if not report.is_complete:
        table.caption = "There are more than 1,000 places."
    return table


def _cells(place: PlaceReport, *, currency: str) -> tuple[str, ...]:
    name = ", ".join(filter(None, (place.placement or "-", place.kind, place.arm)))
    return (
        name,
        f"{place.impressions:,}\n{place.lists:,} lists",
        f"{place.clicks:,}",
        "-" if place.click_rate is None else _with_bounds(place.click_rate, "{:.2%}"),
        _with_bounds(place.orders, "{:,.0f}"),
        _with_bounds(place.revenue, "{:,.2f}") + f" {currency}",
    )


def _with_bounds(estimate: Estimate, form: str) -> str:
    high = "?" if estimate.high is None else form.format(estimate.high)
    return f"{form.format(estimate.value)}\n[{form.format(estimate.low)}, {high}]"
