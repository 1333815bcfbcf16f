"""Search of one grid per choice, one step at a time: what helps is kept and followed, what does not is left."""

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
    """Propose recipes, one at a time, by what the earlier ones scored (Hooke & Jeeves, "Direct search", 1961).

    The choices take turns in an order drawn by `rng`; each goes a step up or down its grid, and on in that direction as long
    as it helps. What is proposed depends on the grids, `rng` and the scores before, not on how many trials will follow.
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
        """Return the next recipe to try, None when nothing next to the best one is left."""
        for _ in self._turns:
            name, step = self._turns[self._turn]
            stepped = self._step(name, step)
            if stepped is not None and stepped not in self._tried:
                self._tried.add(stepped)
                return stepped
            self._turn = (self._turn + 1) % len(self._turns)
        return None

    def learn(self, found: Hyperparameters, score: float) -> bool:
        """Take what the last proposal became and its score; tell whether it is the best so far."""
        if score <= self.best_score:
            self._turn = (self._turn + 1) % len(self._turns)
            return False
        self.best, self.best_score = found, score
        self._tried.add(found)
        return True

    def _step(self, name: str, step: int) -> Hyperparameters | None:
        grid = self._grids[name]
        place = int(np.argmin(np.abs(np.array(grid) - getattr(self.best, name)))) + step
        return replace(self.best, **{name: grid[place]}) if 0 <= place < len(grid) else None


def first_of_best(choices: Sequence[T], scores: Sequence[float] | npt.NDArray[np.float64]) -> T:
    """Return the first choice that scores about as well as the best: MIN_GAIN of it at least."""
    return choices[int(np.argmax(np.asarray(scores) >= MIN_GAIN * max(scores)))]


def best_of(choices: Sequence[T], scores: Sequence[float]) -> tuple[T, float]:
    """Return the choice with the highest score, the first of equals."""
    place = int(np.argmax(scores))
    return choices[place], scores[place]
