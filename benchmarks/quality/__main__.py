"""Compare with other libraries: `make bench-quality`; `python -m benchmarks.quality --help` for parts of it."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.quality import ours, tables
from benchmarks.quality.datasets import DATA_SETS, DataSet, with_trained_products_only
from benchmarks.quality.questions import questions, read_events, read_ids, validation
from benchmarks.quality.rivals import rivals
from benchmarks.quality.tuning import Row, chosen_settings, tested

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


def rows_of_others(data_set: DataSet, *, least_customers: int) -> list[Row]:
    """Tune each of the other models on a part of the training file, train it on all, and test it once."""
    train, test = read_events(data_set.train), read_events(data_set.test)
    held_out = validation(train, test).frequent(least_customers)
    asked = questions(train, test).frequent(least_customers)
    n_catalogue = len(read_ids(data_set.products)) if data_set.products else asked.shape[1]
    rows: list[Row] = []
    for rival in rivals(asked):
        settings = chosen_settings(rival, held_out, k=data_set.k, progress=progress)
        rows.append(tested(rival, settings, asked, k=data_set.k, n_catalogue=n_catalogue))
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
    parser.add_argument("--only", nargs="+", choices=DATA_SETS, default=list(DATA_SETS), help="these data sets")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has this project's requirements")
    parser.add_argument("--rivals-only", action="store_true", help="leave this project out")
    parser.add_argument(
        "--same-products", action="store_true", help="let this project rank no product that the others cannot rank"
    )
    parser.add_argument("--least-customers", type=int, default=1, help="hide products of fewer customers from the others")
    parser.add_argument("--write", type=Path, help="replace the tables in this document")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder, threadpool_limits(1):
            data_set = DATA_SETS[name](Path(options.data), Path(folder))
            if options.same_products:
                data_set = with_trained_products_only(data_set, Path(folder))
            rows = rows_of_others(data_set, least_customers=options.least_customers)
            if not options.rivals_only:
                rows += ours.evaluated(data_set, python=options.python)
            ours.check_same_customers(rows)
        made = tables.table(data_set, rows)
        print(made, flush=True)
        if options.write:
            options.write.write_text(tables.replaced(options.write.read_text(), name, made))


if __name__ == "__main__":
    main()
