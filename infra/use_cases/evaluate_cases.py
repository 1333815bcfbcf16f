"""What the evaluations of lists that are not tuned have in common: train once, and rank for each held-out case."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from domain.evaluation.replay import Replay, ReplayedRules
from domain.ranking.model import TunedConfig
from domain.training.train import train_model
from domain.training.training_data import TrainingData
from infra.progress import Progress

Case = TypeVar("Case")


class RankedCases(NamedTuple):
    """The product indexes of the list of each case, best first, and the seconds that all of them took."""

    rankings: list[list[int]]
    seconds: float


def replay_of(train: TrainingData, *, rules: ReplayedRules, progress: Progress) -> Replay:
    """Train with the documented defaults, because no choice of a tuning is for these lists."""
    progress.begin("Training", 1)
    trained = train_model(train, config=TunedConfig(), model_id="evaluated", trained_at=train.log.newest)
    return Replay(train, trained, rules=rules)


def ranked_cases(
    name: str, rank: Callable[[Case], Sequence[int]], cases: Sequence[Case], *, progress: Progress
) -> RankedCases:  # fmt: skip
    """Rank for each case by the ranker of a model."""
    began = time.perf_counter()
    progress.begin(f"Ranking by {name}", len(cases))
    rankings: list[list[int]] = []
    for case in cases:
        rankings.append(list(rank(case)))
        progress.reach(len(rankings))
    return RankedCases(rankings, time.perf_counter() - began)
