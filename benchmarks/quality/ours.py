"""This project's side of a table, by its own command: `python main.py evaluate ... --json`."""

import json
import os
import subprocess
from pathlib import Path

from benchmarks.quality.datasets import DataSet
from benchmarks.quality.tuning import Row

ROOT = Path(__file__).parents[2]
MODELS = ("neighbours", "served")


class Disagreement(Exception):
    """Both sides were not asked the same."""


def evaluated(data_set: DataSet, *, python: str, models: tuple[str, ...] = MODELS) -> list[Row]:
    """Run the command on the same files, with one BLAS thread as the others have; return a row per model."""
    command = [python, "main.py", "evaluate", "--train", str(data_set.train), "--test", str(data_set.test)]
    for option, path in (("--products", data_set.products), ("--customers", data_set.customers)):
        command += [option, str(path)] if path else []
    command += ["-k", str(data_set.k), "--seen", "drop", "--models", ",".join(models), "--json"]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | one_thread, check=True, stdout=subprocess.PIPE, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    missing = set(models) - {row["model"] for row in rows}
    if missing:
        raise Disagreement(f"no line for {', '.join(sorted(missing))}")
    return [_row(row) for row in rows]


def check_same_customers(rows: list[Row]) -> None:
    """Raise Disagreement unless all rows speak of the same number of customers, evaluated and left out."""
    asked = {(row.customers, row.left_out) for row in rows}
    if len(asked) > 1:
        raise Disagreement(f"customers evaluated and left out differ between the models: {sorted(asked)}")


def _row(printed: dict[str, object]) -> Row:
    fields = {name: printed[name] for name in Row.__dataclass_fields__ if name != "settings"}
    return Row(**fields | {"model": f"this project, {printed['model']}"})
