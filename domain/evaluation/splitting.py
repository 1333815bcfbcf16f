"""Split a log into train and test events: the ground truth is what customers did in the test part."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.records.recommendations import Seen
from domain.records.values import DAY
from domain.training.event_log import EventLog

TEST_SHARE = 0.15
MIN_DAYS = 3
MIN_CUSTOMERS = 30
MIN_RETURNING = 0.02
"""Where customers are sessions, the few that go on over midnight are no sample of all."""


class Split(Struct, frozen=True, kw_only=True):
    """Train and test events over one numbering of customers and products."""

    train: EventLog
    test: EventLog


class GroundTruth(Struct, frozen=True, kw_only=True):
    """The products that each customer turned to in the test part: sorted, distinct pairs of customer and product.

    `customers` are those who are evaluated, `of_pair` and `products` their pairs. `left_out` counts the other customers
    with test events: they have no train event, or have seen all their test products.
    """

    customers: npt.NDArray[np.int64]
    of_pair: npt.NDArray[np.int64]
    products: npt.NDArray[np.int64]
    left_out: int

    def sample(self, n: int, *, rng: np.random.Generator) -> "GroundTruth":
        """Return the ground truth of `n` random customers, or of all if there are no more."""
        if len(self.customers) <= n:
            return self
        return self.only(np.sort(rng.choice(self.customers, size=n, replace=False)))

    def only(self, customers: npt.NDArray[np.int64]) -> "GroundTruth":
        """Return the ground truth of some of the customers, which are sorted."""
        kept = np.isin(self.of_pair, customers)
        return GroundTruth(
            customers=customers, of_pair=self.of_pair[kept], products=self.products[kept], left_out=self.left_out
        )

    def of(self, customer: int) -> npt.NDArray[np.int64]:
        """Return the relevant products of one customer."""
        first, last = np.searchsorted(self.of_pair, [customer, customer + 1])
        return self.products[first:last]

    def hits(self, rankings: Mapping[int, Sequence[int]], *, k: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Return the hits (n_customers, k) of rankings by rank, and the number of relevant products (n_customers,)."""
        hits = np.zeros((len(self.customers), k), dtype=np.bool_)
        n_relevant = np.zeros(len(self.customers), dtype=np.int64)
        for row, customer in enumerate(self.customers.tolist()):
            relevant = self.of(customer)
            ranking = np.asarray(rankings[customer], dtype=np.int64)[:k]
            hits[row, : len(ranking)] = np.isin(ranking, relevant)
            n_relevant[row] = len(relevant)
        return hits, n_relevant


def last_days(log: EventLog, days: float) -> Split:
    """Hold out the events of the last `days` before the newest event."""
    return _split(log, log.occurred_at > log.newest - int(days * DAY))


def last_of_each(log: EventLog) -> Split:
    """Hold out the newest event of each customer; of equal instants the last one in the log."""
    order = np.lexsort((log.occurred_at, log.customers))
    last = np.diff(log.customers[order], append=-1) != 0
    is_test = np.zeros(len(order), dtype=np.bool_)
    is_test[order[last]] = True
    return _split(log, is_test)


def some_of_each(log: EventLog, *, rng: np.random.Generator) -> Split:
    """Hold out a random tenth of each customer's products with all their events, at least one of two or more."""
    n_products = int(log.products.max(initial=0)) + 1
    pairs, pair_of = np.unique(log.customers * n_products + log.products, return_inverse=True)
    customer = pairs // n_products
    order = np.lexsort((rng.random(len(pairs)), customer))
    starts = np.flatnonzero(np.diff(customer[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    rank = np.arange(len(order)) - np.repeat(starts, sizes)
    n_test = np.where(sizes > 1, np.maximum(sizes // 10, 1), 0)
    is_test = np.empty(len(pairs), dtype=np.bool_)
    is_test[order] = rank < np.repeat(n_test, sizes)
    return _split(log, is_test[pair_of])


def by_day(log: EventLog) -> Split | None:
    """Hold out the last days, those with about 15 % of the events; None if the events cover fewer than 3 days."""
    days = log.occurred_at // DAY
    newest_first, counts = np.unique(-days, return_counts=True)
    if len(newest_first) < MIN_DAYS:
        return None
    n_days = int(np.searchsorted(np.cumsum(counts), TEST_SHARE * len(days))) + 1
    first = -newest_first[min(n_days, len(newest_first) - 1) - 1]
    return _split(log, days >= first)


def last_steps(log: EventLog) -> Split | None:
    """Hold out the last step of the customers whose newest event lies in the last days, if they have events before it.

    A step is all events of one instant. The last days are those of `by_day`; None without them. This is the split for
    browsing sessions: almost none goes on for days, but what comes next in each is known.
    """
    if (days := by_day(log)) is None:
        return None
    n_customers = len(log.customer_ids)
    newest = np.full(n_customers, -1)
    np.maximum.at(newest, log.customers, log.occurred_at)
    is_last = log.occurred_at == newest[log.customers]
    goes_back = np.bincount(log.customers[~is_last], minlength=n_customers) > 0
    is_compared = goes_back & (newest >= days.test.occurred_at.min())
    return _split(log, is_last & is_compared[log.customers])


def for_tuning(log: EventLog, *, seed: int) -> Split | None:
    """Hold out events for tuning, by the first of three splits that compares enough customers.

    They are the last days, if at least a fiftieth of their customers return; the last step of each recent customer; and,
    which is all that is left without real times, some products of each customer. Returns None if fewer than 30 customers
    could be compared.
    """
    days = by_day(log)
    splits = (
        days if days and _share_returning(days) >= MIN_RETURNING else None,
        last_steps(log),
        some_of_each(log, rng=np.random.default_rng(seed)),
    )
    usable = (split for split in splits if split and len(ground_truth_of(split, seen="exclude").customers) >= MIN_CUSTOMERS)
    return next(usable, None)


def _share_returning(split: Split) -> float:
    """Return the share of the customers of the test part who have train events."""
    return float(np.isin(np.unique(split.test.customers), split.train.customers).mean())


def ground_truth_of(split: Split, *, seen: Seen) -> GroundTruth:
    """Collect the ground truth; with `seen` = exclude, products of the customer's train events do not count."""
    n_products = _n_products(split)
    pairs: npt.NDArray[np.int64] = np.unique(split.test.customers * n_products + split.test.products)
    n_customers = len(np.unique(pairs // n_products))
    if seen == "exclude":
        pairs = np.setdiff1d(pairs, split.train.customers * n_products + split.train.products)
    pairs = pairs[np.isin(pairs // n_products, split.train.customers)]
    return _ground_truth(pairs, n_products=n_products, n_customers=n_customers)


def newcomers_of(split: Split) -> GroundTruth:
    """Collect the test products of customers without train events: the products that newcomers turn to."""
    n_products = _n_products(split)
    pairs: npt.NDArray[np.int64] = np.unique(split.test.customers * n_products + split.test.products)
    n_customers = len(np.unique(pairs // n_products))
    pairs = pairs[~np.isin(pairs // n_products, split.train.customers)]
    return _ground_truth(pairs, n_products=n_products, n_customers=n_customers)


def _ground_truth(pairs: npt.NDArray[np.int64], *, n_products: int, n_customers: int) -> GroundTruth:
    customers = np.unique(pairs // n_products)
    return GroundTruth(
        customers=customers,
        of_pair=pairs // n_products,
        products=pairs % n_products,
        left_out=n_customers - len(customers),
    )


def _n_products(split: Split) -> int:
    return 1 + max(int(part.products.max(initial=0)) for part in (split.train, split.test))


def _split(log: EventLog, is_test: npt.NDArray[np.bool_]) -> Split:
    return Split(train=log.only(~is_test), test=log.only(is_test))
