"""Say in a few lines how a file was understood, before anything of it is stored."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from domain.records.values import from_microseconds
from infra.ingest.options import ImportOptions
from infra.ingest.report import Report
from infra.ingest.sources import OpenFile, Row
from infra.ingest.understanding import Understanding, values_of_fields

MAX_SAMPLES = 3
MAX_UNUSED = 12
MAX_SAMPLE_CHARACTERS = 30
_ORDERS_IN_WORDS = {"dmy": "day, month, year", "mdy": "month, day, year", "ymd": "year, month, day"}
PERSONAL = frozenset(
    {"customer_id", "anonymous_id", "email", "first_name", "last_name", "phone", "segment", "order_id", "event_id"}
)
"""Fields whose values may not appear in an output: who knows an order id finds its customer."""


class Trial(Struct, frozen=True, kw_only=True):
    """The first rows of a file: the types and times of their events, and what of them is ignored or refused.

    Times are in microseconds.
    """

    rows: Sequence[Row]
    types: Counter[str]
    times: Sequence[int]
    report: Report


def preview(file: OpenFile, understood: Understanding, trial: Trial, *, show_values: bool) -> str:
    """Return how a file was understood by its first rows.

    Samples of personal fields are hidden unless `show_values` is set: the output of an import can end in a log.
    """
    rows, report = trial.rows, trial.report
    lines = [f"{file.path}: {_form(file, understood)}"]
    width = max((len(field) for field in understood.present), default=0)
    for field, columns in understood.sources.items():
        if field not in understood.present:
            continue
        samples = _samples(file, understood, rows, field, show_values=show_values)
        lines.append(f"  {field:{width}}  {' or '.join(columns)}{f': {samples}' if samples else ''}")
    for field, order in understood.date_orders.items():
        if order in _ORDERS_IN_WORDS:
            lines.append(f"  The dates of {field} are {_ORDERS_IN_WORDS[order]}.")
    lines += _events_in_words(trial)
    if understood.unused:
        more = f" and {len(understood.unused) - MAX_UNUSED} more" if len(understood.unused) > MAX_UNUSED else ""
        lines.append(f"  Not used: {', '.join(understood.unused[:MAX_UNUSED])}{more}.")
    if understood.anonymous_is_customer and "anonymous_id" in understood.sources:
        lines.append(f"  No customer is named: {understood.sources['anonymous_id'][0]} stands for the customers, as guests.")
    lines += [f"  {notice}" for notice in file.notices]
    if report.counts["refused"]:
        lines += [f"  Refused of the first {len(rows):,} rows:", *(f"    {reason}" for reason in report.reasons())]
    return "\n".join(lines) + "\n"


def _events_in_words(trial: Trial) -> Iterator[str]:
    if trial.types:
        counted = ", ".join(f"{event_type} {n_lines:,}" for event_type, n_lines in trial.types.most_common())
        yield f"  Events in the first {len(trial.rows):,} rows: {counted}."
    if trial.times:
        first, last = (f"{from_microseconds(time):%Y-%m-%d %H:%M}" for time in (min(trial.times), max(trial.times)))
        yield f"  They are from {first} to {last}, UTC."
    if trial.report.ignored_names:
        names = ", ".join(trial.report.ignored_names)
        yield f"  Names that mean nothing here: {names}. --event-map NAME=view gives one a meaning."


def command_of(options: ImportOptions, understood: Understanding, file: OpenFile) -> str:
    """Return the command that imports such a file without detecting anything, for scripts and cron jobs."""
    parts = ["python", "main.py", "import", options.kind, *options.paths, "--format", understood.format.name]
    for theirs, ours in options.mapping.items():
        parts += ["--map", f"{theirs}={ours}"]
    for field, value in options.constants.items():
        parts += ["--set", f"{field}={value}"]
    for theirs, ours in options.event_names.items():
        parts += ["--event-map", f"{theirs}={ours}"]
    for null in options.nulls:
        parts += ["--null", null]
    optional = {
        "--encoding": file.encoding,
        "--delimiter": "tab" if file.delimiter == "\t" else file.delimiter,
        "--dates": next((order for order in understood.date_orders.values() if order in _ORDERS_IN_WORDS), None),
        "--split-category": understood.category_separator if understood.format.category_separator is None else None,
        "--guests": options.guests if options.guests != "skip" else None,
    }
    parts += [part for option, value in optional.items() if value for part in (option, value)]
    flags = {"--create-products": options.create_products, "--full": options.full, "--yes": options.confirmed}
    return shlex.join([*parts, *(flag for flag, is_set in flags.items() if is_set)])


def _form(file: OpenFile, understood: Understanding) -> str:
    names = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "|"}
    parts = [understood.format.title, file.layout]
    if file.delimiter:
        parts.append(f"separated by {names.get(file.delimiter, file.delimiter)}")
    parts += filter(None, [file.encoding, file.compression])
    return ", ".join(parts)


def _samples(file: OpenFile, understood: Understanding, rows: Sequence[Row], field: str, *, show_values: bool) -> str:
    texts: dict[str, None] = {}
    for value in values_of_fields(file, rows, understood.sources, [field]):
        texts[_shortened(value)] = None
        if len(texts) == MAX_SAMPLES:
            break
    if not show_values and (field in PERSONAL or any("@" in text for text in texts)):
        return ", ".join(_hidden(texts))
    return ", ".join(texts)


def _shortened(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_SAMPLE_CHARACTERS else f"{text[: MAX_SAMPLE_CHARACTERS - 1]}…"


def _hidden(texts: dict[str, None]) -> Iterator[str]:
    """Yield the shapes of texts: letters as x, digits as 9."""
    shapes = ("".join("9" if sign.isdigit() else "x" if sign.isalpha() else sign for sign in text) for text in texts)
    yield from dict.fromkeys(shapes)
