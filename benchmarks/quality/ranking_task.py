"""The ranking task of a table: training events, customers, products, and what counts as a hit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

HELD_OUT_SHARE = 0.2
TYPE_WEIGHTS = {"purchase": 4.0, "cart": 3.0, "wishlist": 2.0, "view": 1.0}
"""The weights that this project starts from; `typed counts` below offers them to the other models."""

Ints = npt.NDArray[np.int64]
Weighting = Callable[[pd.DataFrame], pd.Series]

WEIGHTINGS: dict[str, Weighting] = {
    "binary": lambda pairs: pairs["weight"].count() > 0,
    "counts": lambda pairs: pairs["weight"].count(),
    "log counts": lambda pairs: 1 + np.log(pairs["weight"].count()),
    "typed counts": lambda pairs: pairs["weight"].sum(),
}
"""The value of a cell of the customer-product matrix, from the events of the pair."""


@dataclass(frozen=True, kw_only=True)
class RankingTask:
    """Training events by index, and the customers to rank products for.

    `events` has the columns customer, product, weight (of the type) and age_days (0 without times). `customers` (n,) are
    the customers to rank for; `relevant` (n, n_products) marks their hits; `n_relevant` (n,) counts all of their held-out
    products, including those without a training event.
    """

    events: pd.DataFrame
    shape: tuple[int, int]
    customers: Ints
    relevant: sparse.csr_array
    n_relevant: Ints
    n_left_out: int

    def matrix(self, weighting: str) -> sparse.csr_matrix:
        """Return the interaction matrix (n_customers, n_products) with the given weighting."""
        cells = WEIGHTINGS[weighting](self.events.groupby(["customer", "product"])).astype(np.float32)
        rows, columns = (cells.index.get_level_values(level).to_numpy() for level in (0, 1))
        return sparse.csr_matrix((cells.to_numpy(), (rows, columns)), shape=self.shape)

    def hits(self, lists: Ints) -> npt.NDArray[np.bool_]:
        """Return which ranks (n, k) of `lists` are hits; negative indexes pad short lists."""
        hits = self.relevant[np.arange(len(lists))[:, None], np.maximum(lists, 0)].toarray()
        return hits & (lists >= 0)

    @property
    def has_times(self) -> bool:
        return bool(self.events["age_days"].max() > 0)

    def newest(self, days: float) -> "RankingTask":
        """Return the task with the events of the newest `days` only."""
        return replace(self, events=self.events[self.events["age_days"] < days])

    def frequent(self, min_customers: int) -> "RankingTask":
        """Return the task without the events of products with fewer customers."""
        customers = self.events.groupby("product")["customer"].transform("nunique")
        return replace(self, events=self.events[customers >= min_customers])

    def weightings(self) -> list[str]:
        """Return the weightings that differ on these events."""
        if not self.events.duplicated(["customer", "product"]).any():
            return ["binary"]
        one_type = self.events["weight"].min() == self.events["weight"].max()
        return [name for name in WEIGHTINGS if name != "typed counts" or not one_type]


def read_events(path: Path) -> pd.DataFrame:
    """Read an event file, with ids as text and UTC times."""
    events = pd.read_csv(path, dtype=str, usecols=["customer_id", "product_id", "event_type", "occurred_at"])
    return events.assign(occurred_at=pd.to_datetime(events["occurred_at"], utc=True))


def read_ids(path: Path) -> pd.Series:
    """Read the product ids of a catalogue file."""
    return pd.read_csv(path, dtype=str, usecols=["product_id"])["product_id"]


def ranking_task(train: pd.DataFrame, test: pd.DataFrame) -> RankingTask:
    """Hold out the products that customers of `train` have in `test` but not in `train`; count all other customers."""
    customers, customer_ids = pd.factorize(train["customer_id"], sort=True)
    products, product_ids = pd.factorize(train["product_id"], sort=True)
    pairs = [frame[["customer_id", "product_id"]].drop_duplicates() for frame in (train, test)]
    held_out = pairs[1].merge(pairs[0], how="left", indicator="known")
    held_out = held_out[(held_out["known"] == "left_only") & held_out["customer_id"].isin(customer_ids)]
    test_customers, rows, n_relevant = np.unique(
        pd.Index(customer_ids).get_indexer(held_out["customer_id"]), return_inverse=True, return_counts=True
    )
    columns = pd.Index(product_ids).get_indexer(held_out["product_id"])
    ranked = columns >= 0
    age = train["occurred_at"].max() - train["occurred_at"]
    return RankingTask(
        events=pd.DataFrame(
            {
                "customer": customers,
                "product": products,
                "weight": train["event_type"].map(TYPE_WEIGHTS).to_numpy(),
                "age_days": (age / pd.Timedelta(days=1)).to_numpy(),
            }
        ),
        shape=(len(customer_ids), len(product_ids)),
        customers=test_customers,
        relevant=sparse.csr_array(
            (np.ones(ranked.sum(), dtype=bool), (rows[ranked], columns[ranked])),
            shape=(len(test_customers), len(product_ids)),
        ),
        n_relevant=n_relevant,
        n_left_out=test["customer_id"].nunique() - len(test_customers),
    )


def validation_task(train: pd.DataFrame, test: pd.DataFrame, *, seed: int = 0) -> RankingTask:
    """Hold out the end of `train`, as long as the test period; without times, a random fifth of each customer's events."""
    newest = train["occurred_at"].max()
    if train["occurred_at"].min() == newest:
        shuffled = train.sample(frac=1, random_state=seed).groupby("customer_id")
        place, n_own = shuffled.cumcount(), shuffled["product_id"].transform("size")
        is_held_out = (place < (HELD_OUT_SHARE * n_own).round()).reindex(train.index)
    else:
        is_held_out = train["occurred_at"] > newest - (test["occurred_at"].max() - newest)
    return ranking_task(train[~is_held_out], train[is_held_out])
