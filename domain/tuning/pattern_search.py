"""Search a grid per hyperparameter, one step at a time."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.ranking.hyperparameters import Hyperparameters

Grids = Mapping[str, Sequence[float]]
T = TypeVar("T")

MIN_GAIN = 0.997


class PatternSearch:
    """Propose hyperparameters from the scores of the earlier ones (Hooke & Jeeves, "Direct search", 1961).

    Hyperparameters take turns in an order drawn by `rng`. Each goes a step up or down its grid, and on in that direction
    while the score rises. Proposals depend on the grids, `rng` and earlier scores only, not on the number of trials to come.
    """

    def __init__(self, first: Hyperparameters, score: float, *, grids: Grids, rng: np.random.Generator) -> None:
        self.best = first
        self.best_score = score
        self._grids = {name: tuple(grid) for name, grid in grids.items() if len(grid) > 1}
        names = rng.permutation(sorted(self._grids)).tolist()
        self._turns = [(name, step) for name in names for step in rng.permutation([-1, 1]).tolist()]
        self._turn = 0
        self._tried = {first}

    def proposal(self) -> Hyperparameters | None:
        """Return the next hyperparameters to try, or None if every neighbour of the best was tried."""
        for _ in self._turns:
            name, step = self._turns[self._turn]
            proposed = self._step(name, step)
            if proposed is not None and proposed not in self._tried:
                self._tried.add(proposed)
                return proposed
            self._turn = (self._turn + 1) % len(self._turns)
        return None

    def learn(self, tried: Hyperparameters, score: float) -> bool:
        """Record the score of the last proposal, as it was completed; return whether it is the best so far."""
        if score <= self.best_score:
            self._turn = (self._turn + 1) % len(self._turns)
            return False
        self.best, self.best_score = tried, score
        self._tried.add(tried)
        return True

    def _step(self, name: str, step: int) -> Hyperparameters | None:
        grid = self._grids[name]
        position = int(np.argmin(np.abs(np.array(grid) - getattr(self.best, name)))) + step
        return replace(self.best, **{name: grid[position]}) if 0 <= position < len(grid) else None


def first_of_best(choices: Sequence[T], scores: Sequence[float] | npt.NDArray[np.float64]) -> T:
    """Return the first choice that scores at least MIN_GAIN of the best: earlier choices are preferred."""
    return choices[int(np.argmax(np.asarray(scores) >= MIN_GAIN * max(scores)))]


def best_of(choices: Sequence[T], scores: Sequence[float]) -> tuple[T, float]:
    """Return the choice with the highest score, the first of equals, and that score."""
    position = int(np.argmax(scores))
    return choices[position], scores[position]


def best_if_sure(choices: Sequence[T], scores: Sequence[npt.NDArray[np.float64]]) -> T:
    """Return the choice with the highest mean score if it is surely better than the first, and else the first.

    The best of many choices is often better than the first by chance, so it takes three standard errors.
    """
    best = int(np.argmax([of_each.mean() for of_each in scores]))
    return choices[best if is_surely_better(scores[best], scores[0], n_errors=3.0) else 0]


def is_surely_better(scores: npt.NDArray[np.float64], others: npt.NDArray[np.float64], *, n_errors: float) -> bool:
    """Return whether the mean of paired differences is more than `n_errors` of its standard errors above 0."""
    differences = scores - others
    return bool(differences.mean() > n_errors * differences.std() / np.sqrt(len(differences)))
