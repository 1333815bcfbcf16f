"""The events of a log by pair of customer and product, sorted once for all that training derives from pairs."""

from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.indexes import ranks_within
from domain.training.event_log import EventLog


class EventPairs(Struct, frozen=True, kw_only=True, dict=True):
    """Every pair of customer and product that has events, by customer, then by product.

    `order` sorts the events of `log` by pair, the oldest first within a pair; `starts` (n_pairs,) are the places in `order`
    at which the pairs begin.
    """

    log: EventLog
    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    @cached_property
    def first(self) -> npt.NDArray[np.intp]:
        """The oldest event of each pair."""
        return self.order[self.starts]

    @cached_property
    def last(self) -> npt.NDArray[np.intp]:
        """The newest event of each pair."""
        return self.order[np.append(self.starts, len(self.order))[1:] - 1]

    @cached_property
    def customers(self) -> npt.NDArray[np.int64]:
        return self.log.customers[self.first]

    @cached_property
    def products(self) -> npt.NDArray[np.int64]:
        return self.log.products[self.first]

    @cached_property
    def recency_rank(self) -> npt.NDArray[np.intp]:
        """The rank of each pair among those of its customer, 0 for the pair with the newest event."""
        return ranks_within(self.customers, self.log.occurred_at[self.last])

    def largest(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the largest of `weights` (n_events,) of each pair."""
        # reduceat cannot take an empty list of starts.
        return np.maximum.reduceat(weights[self.order], self.starts) if len(self.starts) else np.empty(0)

    def sums(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the sum of `weights` (n_events,) of each pair."""
        return np.add.reduceat(weights[self.order], self.starts) if len(self.starts) else np.empty(0)


def pairs_of(log: EventLog) -> EventPairs:
    """Sort the events of a log by pair."""
    order = np.lexsort((log.occurred_at, log.products, log.customers))
    begins = np.diff(log.customers[order], prepend=-1) != 0
    begins |= np.diff(log.products[order], prepend=-1) != 0
    return EventPairs(log=log, order=order, starts=np.flatnonzero(begins))
