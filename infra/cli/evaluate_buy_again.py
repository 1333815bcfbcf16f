"""`python main.py evaluate --task buy-again`: measure lists of what customers buy again."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from domain.evaluation.buy_again import BuyAgainResult
from infra.cli.results import print_results, with_interval
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions
from infra.use_cases.evaluate_buy_again import evaluate_buy_again

BUY_AGAIN = "buy-again"


def print_buy_again(data: EvaluationData, options: EvaluationOptions, *, progress: Progress, as_json: bool) -> int:
    """Print the results, with `as_json` each as soon as it is computed; return the exit code."""
    results = evaluate_buy_again(data, options, progress=progress)
    print_results(results, as_json=as_json, lay_out=lambda found: buy_again_table(found, options))
    return 0


def buy_again_table(results: Sequence[BuyAgainResult], options: EvaluationOptions) -> Table:
    """Lay out the results, one row per model."""
    table = Table(title=f"{results[0].cases:,} orders that repeat products", box=SIMPLE_HEAD, padding=0, show_edge=False)
    for name in ("model", f"recall@{options.k}", f"NDCG@{options.k}", "hit rate", "coverage", "ms a list"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for result in results:
        table.add_row(
            result.model,
            with_interval(result.recall, result.recall_interval),
            with_interval(result.ndcg, result.ndcg_interval),
            f"{result.hit_rate:.4f}",
            f"{result.coverage:.1%}",
            f"{result.ms_per_list:.2f}",
        )
    return table
