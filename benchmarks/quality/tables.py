"""Format rows as a Markdown table, and put it into a document."""

import re
from collections.abc import Sequence

from benchmarks.quality.datasets import DataSet
from benchmarks.quality.ranking_task import Audience
from benchmarks.quality.results import Estimate, Row, estimate, paired_difference
from benchmarks.quality.single_list import CEILING

TITLES = {"recall": "Recall@{k}", "ndcg": "NDCG@{k}", "hit_rate": "hit rate", "mrr": "MRR"}
OURS = "this project"
COMPARED = ("this project, served", "this project, buy_again")


def table_name(data_set: DataSet, audience: Audience) -> str:
    """Return the name in the marks of a table."""
    return data_set.name if audience == "known" else f"{data_set.name}, newcomers"


def table(data_set: DataSet, rows: Sequence[Row], audience: Audience) -> str:
    """Return the table of a data set, and the paired differences of this project to the best of the other models."""
    titles = [TITLES[measure].format(k=data_set.k) for measure in data_set.measures]
    headings = ["model", *titles, "coverage", "training, s", "ms a list", "chosen settings"]
    counted = f"{len(rows[0].by_customer):,} {'newcomers' if audience == 'newcomers' else 'customers'} evaluated"
    left_out = f", {rows[0].left_out:,} of the test part left out" if audience == "known" else ""
    lines = [
        f"{data_set.protocol}. {counted}{left_out}. The other models are tuned on {data_set.tuned_on}.",
        "",
        f"| {' | '.join(headings)} |",
        "|---" * len(headings) + "|",
        *(_line(data_set, row) for row in rows),
        "",
        *_comparison(data_set, rows),
    ]
    return "\n".join(lines)


def replace_table(document: str, name: str, text: str) -> str:
    """Return the document with `text` between the two marks of its data set; raise KeyError without these marks."""
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(document):
        raise KeyError(name)
    return pattern.sub(lambda match: f"{match[1]}{text}\n{match[2]}", document)


def _line(data_set: DataSet, row: Row) -> str:
    cells = [_with_interval(estimate(row.by_customer[measure])) for measure in data_set.measures]
    cells += [_short(row.coverage) if row.coverage is not None else "", f"{row.train_seconds:.1f}", f"{row.ms_per_list:.2f}"]
    return f"| {' | '.join([row.model, *cells, row.settings])} |"


def _comparison(data_set: DataSet, rows: Sequence[Row]) -> list[str]:
    """Compare each list of this project with the other model that is best in the test, a choice that favours the other."""
    others = [row for row in rows if not row.model.startswith(OURS) and row.model != CEILING]
    if not others:
        return []
    best = max(others, key=lambda row: row.ndcg)
    sentences = [f"Best of the others: {best.model}, NDCG {_short(best.ndcg)}."]
    for row in rows:
        if row.model == CEILING:
            sentences.append(f"One list for all newcomers of a shop can reach {row.ndcg / best.ndcg:.2f} times that.")
        if row.model in COMPARED:
            name = row.model.removeprefix(f"{OURS}, ").replace("_", "-")
            sentences.append(
                f"The {name} list has {row.ndcg / best.ndcg:.2f} times that; {_differences(data_set, row, best)}."
            )
    return [" ".join(sentences)]


def _differences(data_set: DataSet, row: Row, best: Row) -> str:
    differences = (
        f"{TITLES[measure].format(k=data_set.k)} {_with_interval(paired_difference(row, best, measure), signed=True)}"
        for measure in data_set.measures
    )
    return f"differences for the same customers: {', '.join(differences)}"


def _with_interval(measured: Estimate, *, signed: bool = False) -> str:
    mean, low, high = (_short(value, signed=signed) for value in measured)
    return f"{mean} ({low} to {high})" if signed else f"{mean} ({low}-{high})"


def _short(value: float, *, signed: bool = False) -> str:
    return f"{value:+.4f}".replace("0.", ".", 1) if signed else f"{value:.4f}".removeprefix("0")
