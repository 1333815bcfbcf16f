"""The ranking task of a table: training events, customers, products, and what counts as a hit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

EVENT_COLUMNS = ("customer_id", "product_id", "event_type", "occurred_at", "order_id")
TYPE_WEIGHTS = {"purchase": 4.0, "cart": 3.0, "wishlist": 2.0, "view": 1.0}
"""The weights that this project starts from; `typed counts` below offers them to the other models."""

Ints = npt.NDArray[np.int64]
Seen = Literal["drop", "keep"]
"""Whether products that a customer has in the training part are left out of lists, or count like all others."""
Audience = Literal["known", "newcomers"]
"""Whom a table is about: customers with events in the training part, or those without."""
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
    the customers to rank for, and `customer_ids` (n,) their ids; `relevant` (n, n_products) marks their hits; `n_relevant`
    (n,) counts all of their held-out products, including those without a training event.
    """

    events: pd.DataFrame
    shape: tuple[int, int]
    customers: Ints
    customer_ids: pd.Index
    relevant: sparse.csr_array
    n_relevant: Ints
    n_left_out: int
    seen: Seen
    audience: Audience

    def matrix(self, weighting: str) -> sparse.csr_matrix:
        """Return the interaction matrix (n_customers, n_products) with the given weighting."""
        cells = WEIGHTINGS[weighting](self.events.groupby(["customer", "product"])).astype(np.float32)
        rows, columns = (cells.index.get_level_values(level).to_numpy() for level in (0, 1))
        return sparse.csr_matrix((cells.to_numpy(), (rows, columns)), shape=self.shape)

    def hits(self, lists: Ints) -> npt.NDArray[np.bool_]:
        """Return which ranks (n, k) of `lists` are hits; negative indexes pad short lists."""
        hits = self.relevant[np.arange(len(lists))[:, None], np.maximum(lists, 0)].toarray()
        return hits & (lists >= 0)

    def excluded(self) -> sparse.csr_matrix:
        """Return which products (n, n_products) the lists of the customers may not have."""
        if self.seen == "drop":
            return self.matrix("binary")[self.customers]
        return sparse.csr_matrix((len(self.customers), self.shape[1]), dtype=np.float32)

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
    """Read an event file, with ids as text and UTC times; orders have a column where the file has one."""
    events = pd.read_csv(path, dtype=str, usecols=lambda name: name in EVENT_COLUMNS)
    return events.assign(occurred_at=pd.to_datetime(events["occurred_at"], utc=True))


def read_ids(path: Path) -> pd.Series:
    """Read the product ids of a catalogue file."""
    return pd.read_csv(path, dtype=str, usecols=["product_id"])["product_id"]


def ranking_task(train: pd.DataFrame, test: pd.DataFrame, *, seen: Seen, audience: Audience) -> RankingTask:
    """Hold out the products of `test`: of customers of `train`, or of newcomers; count all other customers.

    Where seen products are dropped, those that a customer has in `train` are no hits.
    """
    products, product_ids = pd.factorize(train["product_id"], sort=True)
    known, known_ids = pd.factorize(train["customer_id"], sort=True)
    held_out = test[["customer_id", "product_id"]].drop_duplicates()
    is_known = held_out["customer_id"].isin(known_ids)
    held_out = held_out[is_known if audience == "known" else ~is_known]
    if seen == "drop":
        held_out = held_out.merge(train[["customer_id", "product_id"]].drop_duplicates(), how="left", indicator="trained")
        held_out = held_out[held_out["trained"] == "left_only"]
    # Newcomers are customers without events: rows of the matrix after all others.
    newcomers = [] if audience == "known" else sorted(held_out["customer_id"].unique())
    customer_ids = pd.Index([*known_ids, *newcomers])
    test_customers, rows, n_relevant = np.unique(
        customer_ids.get_indexer(held_out["customer_id"]), return_inverse=True, return_counts=True
    )
    columns = pd.Index(product_ids).get_indexer(held_out["product_id"])
    ranked = columns >= 0
    age = train["occurred_at"].max() - train["occurred_at"]
    return RankingTask(
        events=pd.DataFrame(
            {
                "customer": known,
                "product": products,
                "weight": train["event_type"].map(TYPE_WEIGHTS).to_numpy(),
                "age_days": (age / pd.Timedelta(days=1)).to_numpy(),
            }
        ),
        shape=(len(customer_ids), len(product_ids)),
        customers=test_customers,
        customer_ids=customer_ids[test_customers],
        relevant=sparse.csr_array(
            (np.ones(ranked.sum(), dtype=bool), (rows[ranked], columns[ranked])),
            shape=(len(test_customers), len(product_ids)),
        ),
        n_relevant=n_relevant,
        n_left_out=test["customer_id"].nunique() - len(test_customers) if audience == "known" else 0,
        seen=seen,
        audience=audience,
    )
