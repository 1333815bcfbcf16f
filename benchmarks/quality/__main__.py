"""Compare with other libraries: `make bench-quality`, or parts of it with the options of `python -m benchmarks.quality`."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.quality import ours, tables
from benchmarks.quality.datasets import DATA_SETS, DataSet, with_trained_products_only
from benchmarks.quality.ranking_task import ranking_task, read_events, read_ids, validation_task
from benchmarks.quality.rivals import rivals
from benchmarks.quality.tuning import Row, choose_settings, measure

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


def measure_rivals(data_set: DataSet, *, min_customers: int) -> list[Row]:
    """Tune each rival on part of the training file, train it on the whole file, and test it once."""
    train, test = read_events(data_set.train), read_events(data_set.test)
    validation = validation_task(train, test).frequent(min_customers)
    task = ranking_task(train, test).frequent(min_customers)
    n_catalogue = len(read_ids(data_set.products)) if data_set.products else task.shape[1]
    rows: list[Row] = []
    for rival in rivals(task):
        settings = choose_settings(rival, validation, k=data_set.k, progress=progress)
        rows.append(measure(rival, settings, task, k=data_set.k, n_catalogue=n_catalogue))
        progress(f"{rival.name}, {rows[-1].settings}: {rows[-1].ndcg:.4f} in the test\n")
    return rows


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("QUALITY_DATA", SHARED_DATA),
        help="default: QUALITY_DATA, or ../shared/data",
    )
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS), help="data sets to run")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with this project's requirements")
    parser.add_argument("--rivals-only", action="store_true", help="do not measure this project")
    parser.add_argument(
        "--same-products", action="store_true", help="let this project rank only products that the rivals can rank"
    )
    parser.add_argument("--least-customers", type=int, default=1, help="hide products with fewer customers from the rivals")
    parser.add_argument("--write", type=Path, help="replace the tables of this document")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder, threadpool_limits(1):
            data_set = DATA_SETS[name](Path(options.data), Path(folder))
            if options.same_products:
                data_set = with_trained_products_only(data_set, Path(folder))
            rows = measure_rivals(data_set, min_customers=options.least_customers)
            if not options.rivals_only:
                rows += ours.evaluate(data_set, python=options.python)
            ours.check_same_customers(rows)
        text = tables.table(data_set, rows)
        print(text, flush=True)
        if options.write:
            options.write.write_text(tables.replace_table(options.write.read_text(), name, text))


if __name__ == "__main__":
    main()
