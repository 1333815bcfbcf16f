"""What every model of a table is asked: for which customers, among which products, and what counts as a hit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

HIDDEN_SHARE = 0.2
TYPE_WEIGHTS = {"purchase": 4.0, "cart": 3.0, "wishlist": 2.0, "view": 1.0}
"""Those that this project starts from; `typed` below offers them to the others."""

Ints = npt.NDArray[np.int64]
Weighting = Callable[[pd.DataFrame], pd.Series]

WEIGHTINGS: dict[str, Weighting] = {
    "binary": lambda pairs: pairs["weight"].count() > 0,
    "counts": lambda pairs: pairs["weight"].count(),
    "log counts": lambda pairs: 1 + np.log(pairs["weight"].count()),
    "typed counts": lambda pairs: pairs["weight"].sum(),
}
"""What one cell of the matrix of customers and products says: from the events of the pair."""


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Training events by index, and what to ask of them.

    `events` has columns customer, product, weight (of the type) and age_days (0 where there are no times). `asked` (n,)
    are the customers to make a list for; `relevant` (n, n_products) marks their hits; `n_relevant` (n,) counts all that was
    held out, with the products that no training event knows.
    """

    events: pd.DataFrame
    shape: tuple[int, int]
    asked: Ints
    relevant: sparse.csr_array
    n_relevant: Ints
    n_left_out: int

    def matrix(self, weighting: str) -> sparse.csr_matrix:
        """Return the interactions (n_customers, n_products) with the given weights."""
        cells = WEIGHTINGS[weighting](self.events.groupby(["customer", "product"])).astype(np.float32)
        rows, columns = (cells.index.get_level_values(level).to_numpy() for level in (0, 1))
        return sparse.csr_matrix((cells.to_numpy(), (rows, columns)), shape=self.shape)

    def hits(self, lists: Ints) -> npt.NDArray[np.bool_]:
        """Say by rank (n, k) what of `lists` is a hit; negative products fill up lists that end early."""
        found = self.relevant[np.arange(len(lists))[:, None], np.maximum(lists, 0)].toarray()
        return found & (lists >= 0)

    @property
    def has_times(self) -> bool:
        return bool(self.events["age_days"].max() > 0)

    def newest(self, days: float) -> "Questions":
        """Return the same questions with the events of the newest days only."""
        return replace(self, events=self.events[self.events["age_days"] < days])

    def frequent(self, least_customers: int) -> "Questions":
        """Return the same questions without the events of products that fewer customers have."""
        customers = self.events.groupby("product")["customer"].transform("nunique")
        return replace(self, events=self.events[customers >= least_customers])

    def weightings(self) -> list[str]:
        """Name the weightings that differ on these events."""
        if not self.events.duplicated(["customer", "product"]).any():
            return ["binary"]
        one_type = self.events["weight"].min() == self.events["weight"].max()
        return [name for name in WEIGHTINGS if name != "typed counts" or not one_type]


def read_events(path: Path) -> pd.DataFrame:
    """Read an event file: ids as text, times as such."""
    events = pd.read_csv(path, dtype=str, usecols=["customer_id", "product_id", "event_type", "occurred_at"])
    return events.assign(occurred_at=pd.to_datetime(events["occurred_at"], utc=True))


def read_ids(path: Path) -> pd.Series:
    """Read the product ids of a catalogue file."""
    return pd.read_csv(path, dtype=str, usecols=["product_id"])["product_id"]


def questions(train: pd.DataFrame, test: pd.DataFrame) -> Questions:
    """Ask for what customers of `train` have in `test` but not in `train`; other customers are left out, and counted."""
    customers, customer_ids = pd.factorize(train["customer_id"], sort=True)
    products, product_ids = pd.factorize(train["product_id"], sort=True)
    pairs = [frame[["customer_id", "product_id"]].drop_duplicates() for frame in (train, test)]
    held_out = pairs[1].merge(pairs[0], how="left", indicator="known")
    held_out = held_out[(held_out["known"] == "left_only") & held_out["customer_id"].isin(customer_ids)]
    asked, rows, n_relevant = np.unique(
        pd.Index(customer_ids).get_indexer(held_out["customer_id"]), return_inverse=True, return_counts=True
    )
    columns = pd.Index(product_ids).get_indexer(held_out["product_id"])
    ranked = columns >= 0
    age = train["occurred_at"].max() - train["occurred_at"]
    return Questions(
        events=pd.DataFrame(
            {
                "customer": customers,
                "product": products,
                "weight": train["event_type"].map(TYPE_WEIGHTS).to_numpy(),
                "age_days": (age / pd.Timedelta(days=1)).to_numpy(),
            }
        ),
        shape=(len(customer_ids), len(product_ids)),
        asked=asked,
        relevant=sparse.csr_array(
            (np.ones(ranked.sum(), dtype=bool), (rows[ranked], columns[ranked])), shape=(len(asked), len(product_ids))
        ),
        n_relevant=n_relevant,
        n_left_out=test["customer_id"].nunique() - len(asked),
    )


def validation(train: pd.DataFrame, test: pd.DataFrame, *, seed: int = 0) -> Questions:
    """Hold a part of `train` out: its end, as long as the test; without times, a random fifth of each customer's events."""
    newest = train["occurred_at"].max()
    if train["occurred_at"].min() == newest:
        shuffled = train.sample(frac=1, random_state=seed).groupby("customer_id")
        place, n_own = shuffled.cumcount(), shuffled["product_id"].transform("size")
        hidden = (place < (HIDDEN_SHARE * n_own).round()).reindex(train.index)
    else:
        hidden = train["occurred_at"] > newest - (test["occurred_at"].max() - newest)
    return questions(train[~hidden], train[hidden])
