"""This project's rows of a table, from its own command: `python main.py evaluate ... --json`."""

import json
import os
import subprocess
from pathlib import Path

from benchmarks.quality.datasets import DataSet
from benchmarks.quality.tuning import Row

ROOT = Path(__file__).parents[2]
MODELS = ("neighbours", "served")


class ResultMismatch(Exception):
    """This project and the other models were not measured on the same task."""


def evaluate(data_set: DataSet, *, python: str, models: tuple[str, ...] = MODELS) -> list[Row]:
    """Run the command on the same files with one BLAS thread, like the other models; return a row per model."""
    command = [python, "main.py", "evaluate", "--train", str(data_set.train), "--test", str(data_set.test)]
    for option, path in (("--products", data_set.products), ("--customers", data_set.customers)):
        command += [option, str(path)] if path else []
    command += ["-k", str(data_set.k), "--seen", "drop", "--models", ",".join(models), "--json"]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.run(command, cwd=ROOT, env=os.environ | one_thread, check=True, stdout=subprocess.PIPE, text=True)
    rows = [json.loads(line) for line in process.stdout.splitlines()]
    missing = set(models) - {row["model"] for row in rows}
    if missing:
        raise ResultMismatch(f"no result for {', '.join(sorted(missing))}")
    return [_row(row) for row in rows]


def check_same_customers(rows: list[Row]) -> None:
    """Raise ResultMismatch unless all rows have the same numbers of evaluated and left-out customers."""
    counts = {(row.customers, row.left_out) for row in rows}
    if len(counts) > 1:
        raise ResultMismatch(f"the models differ in the numbers of evaluated and left-out customers: {sorted(counts)}")


def _row(result: dict[str, object]) -> Row:
    fields = {name: result[name] for name in Row.__dataclass_fields__ if name != "settings"}
    return Row(**fields | {"model": f"this project, {result['model']}"})
