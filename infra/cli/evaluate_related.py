"""`python main.py evaluate --task similar` and `--task bought-together`: measure lists about products."""

from collections.abc import Sequence
from typing import get_args

from rich.box import SIMPLE_HEAD
from rich.table import Table

from domain.evaluation.related import RelatedResult
from domain.ranking.related_inputs import RelatedKind
from infra.cli.results import print_results, with_interval
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions
from infra.use_cases.evaluate_related import evaluate_related

RELATED_TASKS: tuple[RelatedKind, ...] = get_args(RelatedKind)


def print_related(
    data: EvaluationData, options: EvaluationOptions, *, kind: RelatedKind, progress: Progress, as_json: bool
) -> int:
    """Print the results, with `as_json` each as soon as it is computed; return the exit code."""
    results = evaluate_related(data, options, kind=kind, progress=progress)
    print_results(results, as_json=as_json, lay_out=lambda found: related_table(found, options))
    return 0


def related_table(results: Sequence[RelatedResult], options: EvaluationOptions) -> Table:
    """Lay out the results, one row per model."""
    table = Table(title=f"{results[0].cases:,} hidden products", box=SIMPLE_HEAD, padding=0, show_edge=False)
    for name in ("model", f"hit rate@{options.k}", "MRR", "coverage", "ms a list"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for result in results:
        table.add_row(
            result.model,
            with_interval(result.hit_rate, result.hit_rate_interval),
            with_interval(result.mrr, result.mrr_interval),
            f"{result.coverage:.1%}",
            f"{result.ms_per_list:.2f}",
        )
    return table
