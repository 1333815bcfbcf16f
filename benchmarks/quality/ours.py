"""This project's rows of a table, from its own command: `python main.py evaluate ... --json`."""

import json
import os
import subprocess
from pathlib import Path

import pandas as pd

from benchmarks.quality.datasets import DataSet
from benchmarks.quality.ranking_task import Audience
from benchmarks.quality.results import MEASURES, ResultMismatch, Row

ROOT = Path(__file__).parents[2]


def evaluate(data_set: DataSet, *, python: str) -> dict[Audience, list[Row]]:
    """Run the command on the same files with one BLAS thread, like the other models; return a row per model.

    Its tuning holds out events of the training part by itself; the test part is for the measures only.
    """
    measured = data_set.train.with_name("per_customer.csv")
    command = [python, "main.py", "evaluate", "--train", str(data_set.train), "--test", str(data_set.test)]
    for option, path in (("--products", data_set.products), ("--customers", data_set.customers)):
        command += [option, str(path)] if path else []
    command += ["-k", str(data_set.k), "--seen", data_set.seen, "--models", ",".join(data_set.models), "--json"]
    command += ["--per-customer", str(measured)]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.run(command, cwd=ROOT, env=os.environ | one_thread, check=True, stdout=subprocess.PIPE, text=True)
    results = {result["model"]: result for result in map(json.loads, process.stdout.splitlines())}
    missing = set(data_set.models) - results.keys()
    if missing:
        raise ResultMismatch(f"no result for {', '.join(sorted(missing))}")
    customers = pd.read_csv(measured, dtype={"customer_id": str, "newcomer": bool})
    return {
        audience: [_row(results[model], customers[customers["model"] == model], audience) for model in data_set.models]
        for audience in data_set.audiences
    }


def _row(result: dict[str, float], customers: pd.DataFrame, audience: Audience) -> Row:
    own = customers[customers["newcomer"] == (audience == "newcomers")].set_index("customer_id")
    return Row(
        model=f"this project, {result['model']}",
        by_customer=own[list(MEASURES)],
        # The command states the coverage of the lists of known customers.
        coverage=result["coverage"] if audience == "known" else None,
        left_out=int(result["left_out"]) if audience == "known" else 0,
        train_seconds=result["train_seconds"],
        ms_per_list=result["ms_per_list"],
        settings="" if result["model"] in {"popularity", "recent_popularity"} else "tuned by itself, seed 0",
    )
