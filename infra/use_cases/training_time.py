"""How long a training takes: estimated from counts, then corrected by what its first steps took."""

import time
from collections.abc import Callable

from msgspec import Struct

from domain.ranking.packed_history import MAX_HISTORY_EVENTS
from domain.tuning.held_out import MAX_TRIAL_EVENTS, MAX_TRIAL_PRODUCTS, MAX_WHOLE_EVENTS
from domain.tuning.served_lists import MAX_REPLAYED_CUSTOMERS

# Measured on two cores, with the shops of docs/benchmarks.md.
START_SECONDS = 0.5
READ_SECONDS_PER_EVENT = 3.5e-6
LEARN_SECONDS_PER_EVENT = 4e-6
LEARN_SECONDS_PER_PRODUCT = 180e-6
SECONDS_PER_TRIAL = 0.5
TRIAL_SECONDS_PER_EVENT = 2e-6
TRIAL_SECONDS_PER_PRODUCT = 300e-6
FIRST_TRIAL = 3.0
SECONDS_PER_LIST = 0.8e-3
SECONDS_PER_LIST_AND_EVENT = 10e-6
N_REPLAYS = 16
"""How many lists of each compared customer the fitting of weights computes."""
MIN_SECONDS = 1e-6
MIN_MEASURED_SECONDS = 1.0
MARGIN = 1.15
"""Estimates must rather be too long, because a budget is a promise."""


class TrainingSize(Struct, frozen=True, kw_only=True):
    """The counts that decide how long a training takes."""

    n_events: int
    n_products: int
    n_customers: int = MAX_REPLAYED_CUSTOMERS

    @property
    def read_seconds(self) -> float:
        return self.n_events * READ_SECONDS_PER_EVENT

    @property
    def learn_seconds(self) -> float:
        return START_SECONDS + self.n_events * LEARN_SECONDS_PER_EVENT + self.n_products * LEARN_SECONDS_PER_PRODUCT

    @property
    def trial_seconds(self) -> float:
        n_products = self.n_products if self.n_events <= MAX_WHOLE_EVENTS else min(self.n_products, MAX_TRIAL_PRODUCTS)
        n_events = min(self.n_events, MAX_TRIAL_EVENTS)
        return SECONDS_PER_TRIAL + n_events * TRIAL_SECONDS_PER_EVENT + n_products * TRIAL_SECONDS_PER_PRODUCT

    @property
    def first_trial_seconds(self) -> float:
        """The seconds of the first trial, which in large shops chooses more than the others."""
        return self.trial_seconds * (FIRST_TRIAL if self.n_events > MAX_WHOLE_EVENTS else 1.0)

    @property
    def fit_seconds(self) -> float:
        """The seconds of a tuning after its trials: a training on the train part, and the lists of compared customers."""
        n_lists = min(self.n_customers, MAX_REPLAYED_CUSTOMERS) * N_REPLAYS
        history = min(self.n_events / max(self.n_customers, 1), MAX_HISTORY_EVENTS)
        return self.learn_seconds + n_lists * (SECONDS_PER_LIST + history * SECONDS_PER_LIST_AND_EVENT)

    def seconds(self, *, trials: int) -> float:
        """Return the estimated seconds of a whole training."""
        tuning = self.first_trial_seconds + (trials - 1) * self.trial_seconds + self.fit_seconds if trials else 0.0
        return self.read_seconds + self.learn_seconds + tuning


class TrainingClock:
    """The seconds since a training began, and those that all of it takes at the speed that was measured so far."""

    def __init__(self, *, budget_seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._budget_seconds = budget_seconds
        self._began_at = self._trial_began_at = now()
        self._size = TrainingSize(n_events=0, n_products=0)
        self._trials_left = 0
        self._expected_trial_seconds = 0.0
        self.total = 0.0

    @property
    def elapsed(self) -> float:
        return self._now() - self._began_at

    def plan(self, size: TrainingSize, *, trials: int) -> int:
        """Plan what follows the reading of a shop; return `trials`, or 0 if the budget leaves no time for one."""
        self._size, self._trial_began_at = size, self._now()
        # A short reading says little about the speed of the machine.
        speed = max(self.elapsed / size.read_seconds, 1.0) if size.read_seconds >= MIN_MEASURED_SECONDS else 1.0
        self._expected_trial_seconds = size.first_trial_seconds
        self._trials_left = trials if self._allows(speed) else 0
        self._expect(speed * (size.seconds(trials=self._trials_left) - size.read_seconds))
        return self._trials_left

    def allows_another(self) -> bool:
        """Record that a trial ended; return whether the budget leaves time for one more."""
        size = self._size
        speed = (self._now() - self._trial_began_at) / max(self._expected_trial_seconds, MIN_SECONDS)
        self._trial_began_at, self._expected_trial_seconds = self._now(), size.trial_seconds
        self._trials_left -= 1
        left = max(self._trials_left, 0) * size.trial_seconds + size.fit_seconds + size.learn_seconds
        self._expect(speed * left)
        return self._allows(speed)

    def _expect(self, seconds: float) -> None:
        """Expect the training to end in `seconds`, or within its budget: trials end in time."""
        self.total = self.elapsed + seconds
        if self._trials_left > 0:
            self.total = min(self.total, self._budget_seconds)

    def _allows(self, speed: float) -> bool:
        """Return whether the budget leaves time for a trial and all that follows, at a speed relative to the estimates."""
        needed = self._expected_trial_seconds + self._size.fit_seconds + self._size.learn_seconds
        return self.elapsed + MARGIN * speed * needed <= self._budget_seconds


def rounded(seconds: float) -> str:
    """Return a duration as text, as exact as an estimate can be."""
    if seconds < 10:
        return "a few seconds"
    return f"{round(seconds, -1):.0f} seconds" if seconds < 90 else f"{max(round(seconds / 60), 2)} minutes"
