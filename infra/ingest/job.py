"""An import that runs: what its steps share."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from domain.ports.ingest import IngestStore
from infra.ingest.errors import NotUnderstood
from infra.ingest.options import ImportOptions
from infra.ingest.report import Report
from infra.progress import Progress

MAX_ROWS_PER_TRANSACTION = 999
"""Distributed databases limit the rows that a transaction writes; one of 1,000 is left for the shop's own row."""


class Job(Struct, frozen=True):
    """An import: `say` shows how the files were understood."""

    options: ImportOptions
    store: IngestStore
    import_id: str
    now: datetime
    progress: Progress
    report: Report
    say: Callable[[str], object]


def check_refusals(report: Report, n_lines: int, lines: str = "lines") -> None:
    """Raise NotUnderstood if over half of `n_lines` lines were refused; `lines` says which these are."""
    if 2 * report.counts["refused"] > n_lines:
        reasons = "\n".join(f"  {reason}" for reason in report.reasons())
        raise NotUnderstood(
            f"Nothing was stored: {report.counts['refused']:,} of {n_lines:,} {lines} would be refused.\n{reasons}"
        )
