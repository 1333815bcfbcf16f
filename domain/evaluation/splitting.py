"""Which events are hidden, so that recommendations can be compared with what customers then did."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.records.values import DAY
from domain.training.event_log import EventLog

Seen = Literal["keep", "drop"]

HELD_OUT_SHARE = 0.15
MIN_DAYS = 3
MIN_CUSTOMERS = 30


class Split(Struct, frozen=True, kw_only=True):
    """The events that are shown and those that are held out, over one numbering of customers and products."""

    train: EventLog
    test: EventLog


class GroundTruth(Struct, frozen=True, kw_only=True):
    """What each customer turned to in the held-out part: (customer, product) pairs, each once, sorted.

    `customers` lists those who are evaluated; `left_out` counts those with held-out events who are not: nothing of theirs
    was shown, or all that is held out had been seen.
    """

    customers: npt.NDArray[np.int64]
    of_pair: npt.NDArray[np.int64]
    products: npt.NDArray[np.int64]
    left_out: int

    def sample(self, n: int, *, rng: np.random.Generator) -> "GroundTruth":
        """Keep `n` customers drawn by `rng`, or all where there are no more."""
        if len(self.customers) <= n:
            return self
        customers = np.sort(rng.choice(self.customers, size=n, replace=False))
        kept = np.isin(self.of_pair, customers)
        return GroundTruth(
            customers=customers, of_pair=self.of_pair[kept], products=self.products[kept], left_out=self.left_out
        )

    def of(self, customer: int) -> npt.NDArray[np.int64]:
        first, last = np.searchsorted(self.of_pair, [customer, customer + 1])
        return self.products[first:last]


def last_days(log: EventLog, days: float) -> Split:
    """Hold out what happened in the last `days` before the newest event."""
    return _split(log, log.occurred_at > log.newest - int(days * DAY))


def last_of_each(log: EventLog) -> Split:
    """Hold out the newest event of each customer, the last one in the log's order where instants are equal."""
    order = np.lexsort((log.occurred_at, log.customers))
    last = np.diff(log.customers[order], append=-1) != 0
    test = np.zeros(len(order), dtype=np.bool_)
    test[order[last]] = True
    return _split(log, test)


def some_of_each(log: EventLog, *, rng: np.random.Generator) -> Split:
    """Hold out a random tenth of each customer's products with all events of theirs, at least one of two or more."""
    n_products = int(log.products.max(initial=0)) + 1
    pairs, pair_of = np.unique(log.customers * n_products + log.products, return_inverse=True)
    customer = pairs // n_products
    order = np.lexsort((rng.random(len(pairs)), customer))
    starts = np.flatnonzero(np.diff(customer[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    wanted = np.where(sizes > 1, np.maximum(sizes // 10, 1), 0)
    test = np.empty(len(pairs), dtype=np.bool_)
    test[order] = rank < np.repeat(wanted, sizes)
    return _split(log, test[pair_of])


def by_day(log: EventLog) -> Split | None:
    """Hold out the last days, those with about 15 % of the events; None where the events lie on less than 3 days."""
    days = log.occurred_at // DAY
    newest_first, counts = np.unique(-days, return_counts=True)
    if len(newest_first) < MIN_DAYS:
        return None
    n_days = int(np.searchsorted(np.cumsum(counts), HELD_OUT_SHARE * len(days))) + 1
    first = -newest_first[min(n_days, len(newest_first) - 1) - 1]
    return _split(log, days >= first)


def for_tuning(log: EventLog, *, seed: int) -> Split | None:
    """Hide events to tune on: the last days where times are real and enough customers come back, else some of each.

    None where fewer than 30 customers could be compared.
    """
    splits = (by_day(log), some_of_each(log, rng=np.random.default_rng(seed)))
    usable = (split for split in splits if split and len(ground_truth_of(split, seen="drop").customers) >= MIN_CUSTOMERS)
    return next(usable, None)


def ground_truth_of(split: Split, *, seen: Seen) -> GroundTruth:
    """Collect what is to be found; with `drop`, products that the customer has shown events with do not count."""
    n_products = 1 + max(int(part.products.max(initial=0)) for part in (split.train, split.test))
    test: npt.NDArray[np.int64] = np.unique(split.test.customers * n_products + split.test.products)
    everyone = np.unique(test // n_products)
    if seen == "drop":
        test = np.setdiff1d(test, split.train.customers * n_products + split.train.products)
    test = test[np.isin(test // n_products, split.train.customers)]
    customers = np.unique(test // n_products)
    return GroundTruth(
        customers=customers,
        of_pair=test // n_products,
        products=test % n_products,
        left_out=len(everyone) - len(customers),
    )


def _split(log: EventLog, test: npt.NDArray[np.bool_]) -> Split:
    return Split(train=log.only(~test), test=log.only(test))
