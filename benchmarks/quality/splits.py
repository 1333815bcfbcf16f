"""How training events are split again, to choose the settings of the other models without the test part."""

from collections.abc import Callable

import numpy as np
import pandas as pd

HELD_OUT_SHARE = 0.2
NEWCOMER_SHARE = 0.2
SEED = 0

Parts = tuple[pd.DataFrame, pd.DataFrame]
Resplit = Callable[[pd.DataFrame, pd.DataFrame], Parts]
"""Takes the training and the test part, and splits the training part as they were split."""


def end_of_training(train: pd.DataFrame, test: pd.DataFrame) -> Parts:
    """Hold out the end of `train`, as long as the test period; without times, a random fifth of each customer's events."""
    newest = train["occurred_at"].max()
    if train["occurred_at"].min() == newest:
        shuffled = train.sample(frac=1, random_state=SEED).groupby("customer_id")
        place, n_own = shuffled.cumcount(), shuffled["product_id"].transform("size")
        is_held_out = (place < (HELD_OUT_SHARE * n_own).round()).reindex(train.index)
    else:
        is_held_out = train["occurred_at"] > newest - (test["occurred_at"].max() - newest)
    return train[~is_held_out], train[is_held_out]


def last_clicks(train: pd.DataFrame, test: pd.DataFrame) -> Parts:
    """Hold out the last click of the newest sessions of two clicks or more, as many as the test part has."""
    in_order = train.sort_values("occurred_at", kind="stable")
    last = in_order[in_order.duplicated("customer_id")].drop_duplicates("customer_id", keep="last")
    held_out = last.tail(test["customer_id"].nunique())
    return train.drop(held_out.index), held_out


def next_baskets(events: pd.DataFrame, *, days: float) -> Parts:
    """Hold out the first basket of each customer in the last `days`; what came after it is in neither part."""
    cut = events["occurred_at"].max() - pd.Timedelta(days=days)
    later = events[events["occurred_at"] > cut].sort_values("occurred_at", kind="stable")
    first = later.groupby("customer_id")["order_id"].transform("first")
    return events[events["occurred_at"] <= cut], later[later["order_id"] == first]


def without_history(parts: Parts, *, seed: int) -> Parts:
    """Hide the history of a random fifth of the customers: they are newcomers of the held-out part."""
    train, held_out = parts
    customers = np.unique(np.concatenate([train["customer_id"], held_out["customer_id"]]).astype(str))
    hidden = np.random.default_rng(seed).choice(customers, size=int(NEWCOMER_SHARE * len(customers)), replace=False)
    return train[~train["customer_id"].isin(hidden)], held_out


def baskets(days: float) -> Resplit:
    """Return the split of a log by baskets, as a test part was made with the `seed` before."""

    def resplit(train: pd.DataFrame, _test: pd.DataFrame) -> Parts:
        return without_history(next_baskets(train, days=days), seed=SEED + 1)

    return resplit
