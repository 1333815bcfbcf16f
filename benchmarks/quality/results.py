"""The results of the models: what is measured of each customer's list, its means, and paired differences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from domain.evaluation import metrics

MEASURES = ("recall", "ndcg", "hit_rate", "mrr")
Estimate = tuple[float, float, float]
"""A mean, and the bounds of its 95 % bootstrap interval."""


class ResultMismatch(Exception):
    """This project and the other models were not measured on the same task."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a table: `by_customer` has the measures of each customer, with customer ids as the index."""

    model: str
    by_customer: pd.DataFrame
    coverage: float | None
    left_out: int
    train_seconds: float
    ms_per_list: float
    settings: str = ""

    @property
    def ndcg(self) -> float:
        return float(self.by_customer["ndcg"].mean())


def estimate(values: pd.Series) -> Estimate:
    """Return the mean of one value per customer, with the interval that resampling the customers gives (seed 0)."""
    # In the order of ids, so that the interval does not depend on the order in which a model ranked.
    own = values.sort_index().to_numpy(dtype=np.float64)
    return float(own.mean()), *metrics.bootstrap_interval(own, rng=np.random.default_rng(0))


def paired_difference(row: Row, other: Row, measure: str) -> Estimate:
    """Return the mean over customers of the difference in a measure: `row` minus `other` for the same customer."""
    check_same_customers([row, other])
    return estimate(row.by_customer[measure] - other.by_customer[measure])


def check_same_customers(rows: Sequence[Row]) -> None:
    """Raise ResultMismatch unless all rows measure the same customers, and leave out as many."""
    first = rows[0]
    for row in rows[1:]:
        if set(row.by_customer.index) != set(first.by_customer.index) or row.left_out != first.left_out:
            raise ResultMismatch(
                f"{first.model} measures {len(first.by_customer)} customers and leaves out {first.left_out}; "
                f"{row.model} {len(row.by_customer)} and {row.left_out}, or other customers"
            )


def pooled(rows_of_shops: Sequence[Sequence[Row]]) -> list[Row]:
    """Join the rows of the same models in several shops: all customers together, times per shop and list."""
    if len(rows_of_shops) == 1:
        return list(rows_of_shops[0])
    return [_pooled(rows) for rows in zip(*rows_of_shops, strict=True)]


def _pooled(rows: Sequence[Row]) -> Row:
    frames = {str(number): row.by_customer.rename(index=str) for number, row in enumerate(rows, start=1)}
    joined = pd.concat(frames)
    joined.index = joined.index.map("/".join)
    settings = list(dict.fromkeys(row.settings for row in rows))
    return replace(
        rows[0],
        by_customer=joined,
        coverage=None,
        left_out=sum(row.left_out for row in rows),
        train_seconds=float(np.mean([row.train_seconds for row in rows])),
        ms_per_list=float(np.mean([row.ms_per_list for row in rows])),
        settings=settings[0] if len(settings) == 1 else f"differ between shops; first: {settings[0]}",
    )
