"""`python main.py evaluate --explain MODEL`: say what each part of the lists of a model earns."""

from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.evaluation.explanation import PartResult
from infra.cli.plot import plot_parts
from infra.cli.results import in_json
from infra.progress import Progress
from infra.use_cases.evaluate import EvaluationData, EvaluationOptions
from infra.use_cases.explain import explain

LABELS = {
    "similar_product": "Similar products",
    "segment_trend": "Popular in the customer's segment",
    "category_interest": "Interest in categories",
    "price_fit": "Price",
    "new": "New products",
    "popular": "Popular products",
    "strongest_neighbour": "The closest product of the history",
    "even_neighbours": "All products of the history alike",
    "newest_neighbour": "The newest product of the history",
    "category_share": "Share of the category in the history",
    "recent_category_share": "Share of the category in the last days",
    "brand_share": "Share of the brand in the history",
    "price_distance": "Usual price of the customer",
    "popular_for_few": "Popular products for short histories",
    "seen_again": "Products seen before",
    "newest_share": "Less of what was just looked at",
    "variety": "Variety",
    "trial_places": "Places for new products",
    "co_occurrence": "Neighbours by common customers",
    "regression": "Neighbours by regression",
    "item_transitions": "Neighbours by what follows what",
    "factorisation": "Neighbours by common tastes",
}
"""The parts in words; all others, such as own sources, are called by their names."""


def print_explanation(  # noqa: PLR0913 - what to explain, and where to
    data: EvaluationData,
    options: EvaluationOptions,
    *,
    name: str,
    progress: Progress,
    as_json: bool,
    plot: Path | None,
) -> int:
    """Print the results, with `as_json` each as soon as it is computed, and plot them; return the exit code."""
    computed = explain(data, options, name=name, progress=progress)
    if as_json:
        results = in_json(computed)
    else:
        results = list(computed)
        table, sentences = parts_table(results, options), in_words(results)
        Console().print(table, *sentences, markup=False, highlight=False, soft_wrap=True, sep="\n")
    if plot is not None:
        bars = {label_of(result): result for result in results if result.verdict != "unused"}
        plot_parts(bars, k=options.k, title=_title(results[0]), path=plot)
    return 0


def parts_table(results: Sequence[PartResult], options: EvaluationOptions) -> Table:
    """Lay out the parts in use, one row per part."""
    table = Table(title=_title(results[0]), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("part", "weight", f"NDCG@{options.k} without", "difference", "95 % interval"):
        table.add_column(name, justify="left" if name == "part" else "right")
    for result in results:
        if result.verdict != "unused":
            low, high = result.difference_interval
            table.add_row(
                label_of(result),
                f"{result.weight:g}",
                f"{result.ndcg_without:.4f}",
                f"{result.difference:+.4f}",
                f"[{low:+.4f}, {high:+.4f}]",
            )
    return table


def in_words(results: Sequence[PartResult]) -> list[str]:
    """Return a sentence for each part in use, one with all others, and a warning for each that earns implausibly much."""
    unused = [label_of(result) for result in results if result.verdict == "unused"]
    sentences = [f"{label_of(result)}: {_effect(result)}." for result in results if result.verdict != "unused"]
    if unused:
        sentences.append(f"Not in use: {', '.join(unused)}.")
    return sentences + [_warning(result) for result in results if result.is_implausible]


def _effect(result: PartResult) -> str:
    if not result.customers_changed:
        return "no list finds more or less with it"
    if result.verdict == "unsure":
        return "no difference that we can be sure of"
    if not result.ndcg_without:
        return "lists find nothing without it"
    low, high = sorted(abs(end) / result.ndcg_without for end in result.difference_interval)
    share = abs(result.difference) / result.ndcg_without
    return f"lists are {share:.1%} {result.verdict} with it (sure: {low:.1%} to {high:.1%})"


def _warning(result: PartResult) -> str:
    earns = (
        "more than everything else together"
        if result.difference > result.ndcg_without
        else "more than half of what everything else leaves to earn"
    )
    return f"Warning: {label_of(result)} earns {earns}: does it know the future?"


def label_of(result: PartResult) -> str:
    return LABELS.get(result.part, result.part.replace("_", " ").capitalize())


def _title(result: PartResult) -> str:
    return f"{result.model}: NDCG {result.ndcg:.4f}, {result.customers:,} customers with a history"
