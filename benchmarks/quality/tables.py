"""Rows as a table of Markdown, and its place in a document."""

import re

from benchmarks.quality.datasets import DataSet
from benchmarks.quality.tuning import Row


def table(data_set: DataSet, rows: list[Row]) -> str:
    """Return the table of one data set, and how this project's list stands to the best of `implicit`."""
    k, first = data_set.k, rows[0]
    lines = [
        f"{data_set.protocol}. {first.customers:,} customers evaluated, {first.left_out:,} of the test part left out.",
        "",
        f"| model | Recall@{k} | NDCG@{k} | hit rate | MRR | coverage | training, s | ms a list | chosen settings |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_line(row) for row in rows),
        "",
        _comparison(rows),
    ]
    return "\n".join(lines)


def replaced(document: str, name: str, made: str) -> str:
    """Put a table between the two marks of its data set in the document; raise KeyError where they are missing."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not marked.search(document):
        raise KeyError(name)
    return marked.sub(lambda found: f"{found[1]}{made}\n{found[2]}", document)


def _line(row: Row) -> str:
    measured = [_with_interval(row.recall, row.recall_interval), _with_interval(row.ndcg, row.ndcg_interval)]
    measured += [_short(value) for value in (row.hit_rate, row.mrr, row.coverage)]
    spent = [f"{row.train_seconds:.1f}", f"{row.ms_per_list:.2f}"]
    return f"| {' | '.join([row.model, *measured, *spent, row.settings])} |"


def _comparison(rows: list[Row]) -> str:
    best = max((row for row in rows if row.model.startswith("implicit")), key=lambda row: row.ndcg)
    said = f"Best of `implicit`: {best.model.removeprefix('implicit ')}, NDCG {_short(best.ndcg)}."
    for row in rows:
        if row.model == "this project, served":
            said += f" The served list has {row.ndcg / best.ndcg:.2f} times that."
    return said


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{_short(value)} ({_short(interval[0])}-{_short(interval[1])})"


def _short(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")
