"""Measure training on copies of a shop, not tuned, tuned and within a budget.

`python -m benchmarks.training SHOP.db...` measures shops that were never tuned; `make bench` measures a synthetic one.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BUDGET_SECONDS = 60
TRAININGS = {
    "not tuned": ["--trials", "0"],
    "tuned by default": [],
    f"within {BUDGET_SECONDS} s": ["--budget", f"{BUDGET_SECONDS}s"],
}


class Training(NamedTuple):
    """What a training took, and what it said in the end and beforehand."""

    seconds: float
    cpu_seconds: float
    memory_mb: float
    description: str
    progress: str


def run_training(database: Path, options: list[str]) -> Training:
    """Train a shop in a process of its own."""
    command = [sys.executable, "main.py", "train", *options]
    started_at = time.perf_counter()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"DATABASE_URL": f"sqlite:///{database}"}, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started_at
        texts = [(stream.seek(0), stream.read().decode())[1] for stream in (output, errors)]
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, *texts)
    return Training(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, *texts)


def measure(database: Path, folder: Path) -> None:
    """Train copies of a shop that was never tuned, and print what it took."""
    for name, options in TRAININGS.items():
        copy = folder / "training.db"
        shutil.copy(database, copy)
        training = run_training(copy, options)
        expected = re.search(r"training takes about (.*)", training.progress)
        trials = re.search(r"in (\d+) trials .* NDCG@20 (\S+)", training.description)
        print(
            f"training of {database.name}, {name}: {training.seconds:.0f} s, {training.cpu_seconds:.0f} CPU seconds,"
            f" peak memory {training.memory_mb:.0f} MB; expected {expected[1] if expected else 'nothing'};"
            f" {f'{trials[1]} trials, NDCG@20 {trials[2]}' if trials else 'no trials'}",
            flush=True,
        )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for database in sys.argv[1:]:
            measure(Path(database), Path(folder))


if __name__ == "__main__":
    main()
