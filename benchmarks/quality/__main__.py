"""Compare with other libraries: `make bench-quality`, or parts of it with the options of `python -m benchmarks.quality`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.quality import ours, tables
from benchmarks.quality.datasets import DATA_SETS, DataSet, Sources, with_trained_products_only
from benchmarks.quality.ranking_task import Audience, ranking_task, read_events, read_ids
from benchmarks.quality.results import Row, check_same_customers, pooled
from benchmarks.quality.rivals import rivals
from benchmarks.quality.tuning import choose_settings, measure

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"


def measure_rivals(data_set: DataSet, audience: Audience, *, min_customers: int) -> list[Row]:
    """Tune each rival on part of the training file, train it on the whole file, and test it once."""
    train, test = read_events(data_set.train), read_events(data_set.test)
    validation, task = (
        ranking_task(*parts, seen=data_set.seen, audience=audience).frequent(min_customers)
        for parts in (data_set.resplit(train, test), (train, test))
    )
    n_catalogue = len(read_ids(data_set.products)) if data_set.products else task.shape[1]
    rows: list[Row] = []
    for rival in rivals(task, are_sessions=data_set.are_sessions, are_baskets=data_set.are_baskets):
        settings = choose_settings(rival, validation, k=data_set.k, progress=progress)
        rows.append(measure(rival, settings, task, k=data_set.k, n_catalogue=n_catalogue))
        progress(f"{rival.name}, {rows[-1].settings}: {rows[-1].ndcg:.4f} in the test\n")
    return rows


def tables_of(name: str, options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Measure all models on a data set; yield the name and the text of each of its tables."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        shops = DATA_SETS[name](Sources(data=Path(options.data), python=options.python), Path(folder))
        if options.same_products:
            shops = [with_trained_products_only(shop) for shop in shops]
        own = [] if options.rivals_only else [ours.evaluate(shop, python=options.python) for shop in shops]
        for audience in shops[0].audiences:
            rows = (
                []
                if options.ours_only
                else pooled([measure_rivals(shop, audience, min_customers=options.least_customers) for shop in shops])
            )
            rows += pooled([by_audience[audience] for by_audience in own]) if own else []
            check_same_customers(rows)
            yield tables.table_name(shops[0], audience), tables.table(shops[0], rows, audience)


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
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--rivals-only", action="store_true", help="do not measure this project")
    who.add_argument("--ours-only", action="store_true", help="measure this project alone")
    parser.add_argument(
        "--same-products", action="store_true", help="let this project rank only products that the rivals can rank"
    )
    parser.add_argument("--least-customers", type=int, default=1, help="hide products with fewer customers from the rivals")
    parser.add_argument("--write", type=Path, help="replace the tables of this document")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    with threadpool_limits(1):
        for data_set in options.only:
            for name, text in tables_of(data_set, options):
                print(f"{name}\n\n{text}\n", flush=True)
                if options.write:
                    options.write.write_text(tables.replace_table(options.write.read_text(), name, text))


if __name__ == "__main__":
    main()
