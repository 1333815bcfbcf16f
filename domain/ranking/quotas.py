"""Quotas of each ten places: at most some for products of the customer's own history, and at least some for new products."""

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.ranking.indexes import Indexes

PLACES = 10
MAX_OWN = 2
"""Products of the customer's own history take at most two of ten places, unless the request says otherwise."""


class Marks(Struct, frozen=True, kw_only=True):
    """Which products (n,) are the customer's own, and which are on trial."""

    own: npt.NDArray[np.bool_]
    on_trial: npt.NDArray[np.bool_]

    @property
    def trials(self) -> npt.NDArray[np.bool_]:
        """The products on trial without the customer's own, which this customer knows already."""
        return self.on_trial & ~self.own

    def take(self, positions: Indexes) -> "Marks":
        return Marks(own=self.own[positions], on_trial=self.on_trial[positions])


class Quota(Struct, frozen=True, kw_only=True):
    """How many of each ten places own products may take, and how many products on trial get."""

    max_own: int = MAX_OWN
    min_on_trial: int = 0


class Places(Struct, frozen=True, kw_only=True):
    """The products of a list in their places (k,): positions, scores, and what was added to each score for its trial."""

    positions: Indexes
    scores: npt.NDArray[np.float64]
    bonuses: npt.NDArray[np.float64]


def fill_places(
    order: Indexes,
    scores: npt.NDArray[np.float64],
    marks: Marks,
    *,
    quota: Quota,
    k: int,
) -> Places:
    """Fill `k` places from the positions `order` (n,), best first, with their `scores` and `marks` (n,).

    A surplus own product moves to the next ten places and takes the score of the place before it. A product on trial that
    would stand further down takes one of the last of the ten places, and gets what it lacks to the score of the place
    before as a bonus. So scores fall, and a shorter list is a prefix of a longer one.
    """
    no_bonus = np.zeros(min(k, len(order)))
    if _is_kept(marks, quota, k=k):
        return Places(positions=order[:k], scores=scores[:k], bonuses=no_bonus)
    queues = _Queues(marks, k=k)
    chosen = np.array(list(queues.take(k, quota)), dtype=np.intp)
    placed, bonuses = scores[chosen], np.zeros(len(chosen))
    for place in queues.lifted:
        before = placed[:place].min(initial=np.inf)
        bonuses[place] = before - placed[place]
        placed[place] = before
    return Places(positions=order[chosen], scores=np.minimum.accumulate(placed), bonuses=bonuses)


def _is_kept(marks: Marks, quota: Quota, *, k: int) -> bool:
    """Return whether the first `k` products keep the quota as they are."""
    if np.count_nonzero(marks.own[:k]) > quota.max_own:
        return False
    trials = marks.trials
    tens = range(0, min(k, len(trials)) - PLACES + 1, PLACES)
    return all(np.count_nonzero(trials[first : first + PLACES]) >= quota.min_on_trial for first in tens)


class _Queues:
    """Products by rank, in three queues; `lifted` are the places of those that were taken before their turn.

    More than the first `k` of a queue are never taken.
    """

    def __init__(self, marks: Marks, *, k: int) -> None:
        self.lifted: list[int] = []
        trials = marks.trials
        self._on_trial: list[bool] = trials.tolist()
        self._own, self._others, self._trials = (
            deque(np.flatnonzero(marked)[:k].tolist()) for marked in (marks.own, ~marks.own, trials)
        )
        self._taken: set[int] = set()

    def take(self, k: int, quota: Quota) -> Iterator[int]:
        """Yield the ranks of the products of `k` places, fewer if there are not enough."""
        n_own = n_on_trial = 0
        for place in range(k):
            if place % PLACES == 0:
                n_own = n_on_trial = 0
            self._drop_taken()
            n_left = PLACES - place % PLACES
            if self._trials and quota.min_on_trial - n_on_trial >= n_left:
                rank = self._trials[0]
                if rank != self._next(allow_own=n_own < quota.max_own):
                    self.lifted.append(place)
            elif (rank := self._next(allow_own=n_own < quota.max_own)) is None:
                return
            self._taken.add(rank)
            n_own += bool(self._own) and rank == self._own[0]
            n_on_trial += self._on_trial[rank]
            yield rank

    def _next(self, *, allow_own: bool) -> int | None:
        heads = [queue[0] for queue in ((self._own if allow_own else ()), self._others) if queue]
        return min(heads, default=None)

    def _drop_taken(self) -> None:
        for queue in (self._own, self._others, self._trials):
            while queue and queue[0] in self._taken:
                queue.popleft()
