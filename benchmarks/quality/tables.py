"""Format rows as a Markdown table, and put it into a document."""

import re

from benchmarks.quality.datasets import DataSet
from benchmarks.quality.tuning import Row


def table(data_set: DataSet, rows: list[Row]) -> str:
    """Return the table of a data set, and how the served list compares with the best model of `implicit`."""
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


def replace_table(document: str, name: str, text: str) -> str:
    """Return the document with `text` between the two marks of its data set; raise KeyError without these marks."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(document):
        raise KeyError(name)
    return pattern.sub(lambda match: f"{match[1]}{text}\n{match[2]}", document)


def _line(row: Row) -> str:
    cells = [_with_interval(row.recall, row.recall_interval), _with_interval(row.ndcg, row.ndcg_interval)]
    cells += [_short(value) for value in (row.hit_rate, row.mrr, row.coverage)]
    cells += [f"{row.train_seconds:.1f}", f"{row.ms_per_list:.2f}"]
    return f"| {' | '.join([row.model, *cells, row.settings])} |"


def _comparison(rows: list[Row]) -> str:
    best = max((row for row in rows if row.model.startswith("implicit")), key=lambda row: row.ndcg)
    sentences = f"Best of `implicit`: {best.model.removeprefix('implicit ')}, NDCG {_short(best.ndcg)}."
    for row in rows:
        if row.model == "this project, served":
            sentences += f" The served list has {row.ndcg / best.ndcg:.2f} times that."
    return sentences


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{_short(value)} ({_short(interval[0])}-{_short(interval[1])})"


def _short(value: float) -> str:
    return f"{value:.4f}".removeprefix("0")
