"""What each part of the lists earns: how much better they are with it, for the same customers."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from domain.evaluation.baselines import RankingTask
from domain.evaluation.measurement import BOOTSTRAP_SEED
from domain.evaluation.metrics import bootstrap_interval
from domain.evaluation.parts import Part
from domain.evaluation.splitting import GroundTruth
from domain.ranking.model import Model

MIN_CHANGED = 10
"""Customers whose lists find more or less, below which a difference is never sure: resamples of so few are too alike."""

Verdict = Literal["better", "worse", "unsure", "unused"]
"""What lists are with a part, if the interval leaves no doubt."""


class PartResult(Struct, frozen=True, kw_only=True):
    """The mean NDCG of the lists of `model` with a part and without it, over the same customers.

    `difference` is that with it minus that without it, with a 95 % bootstrap interval of the paired differences.
    `customers_changed` counts the customers whose NDCG differs. `is_implausible` marks a part that earns so much that it may
    know the held-out events.
    """

    model: str
    part: str
    weight: float
    ndcg: float
    ndcg_without: float
    difference: float
    difference_interval: tuple[float, float]
    customers: int
    customers_changed: int
    verdict: Verdict
    is_implausible: bool


class Explained(Struct, frozen=True, kw_only=True):
    """The lists to explain: the name of their model, the model, and the task and the ground truth that measure them."""

    name: str
    model: Model
    task: RankingTask
    ground_truth: GroundTruth

    def ndcg(self) -> npt.NDArray[np.float64]:
        """Return the NDCG of each customer's list as it is."""
        return self._ndcg(self.task, self.model)

    def ndcg_without(self, part: Part) -> npt.NDArray[np.float64]:
        """Return the NDCG of each customer's list without a part."""
        task = self.task
        if part.neighbours is not None:
            task = replace(task, replay=task.replay.with_neighbours(part.neighbours()))
        return self._ndcg(task, part.without)

    def _ndcg(self, task: RankingTask, model: Model) -> npt.NDArray[np.float64]:
        return task.replay.ndcg(self.ground_truth, model=model, seen=task.seen, k=task.k)


def part_result(
    part: Part, *, model: str, ndcg: npt.NDArray[np.float64], without: npt.NDArray[np.float64]
) -> PartResult:  # fmt: skip
    """Compare the NDCG of the same customers (n_customers,) with a part and without it."""
    differences = ndcg - without
    # The seed is the same for all parts, so they are compared on the same resamples.
    low, high = bootstrap_interval(differences, rng=np.random.default_rng(BOOTSTRAP_SEED))
    n_changed = int(np.count_nonzero(differences))
    verdict: Verdict = "unsure"
    if not part.weight:
        verdict = "unused"
    elif n_changed >= MIN_CHANGED and (low > 0 or high < 0):
        verdict = "better" if low > 0 else "worse"
    return PartResult(
        model=model,
        part=part.name,
        weight=part.weight,
        ndcg=float(ndcg.mean()),
        ndcg_without=float(without.mean()),
        difference=float(differences.mean()),
        difference_interval=(low, high),
        customers=len(differences),
        customers_changed=n_changed,
        verdict=verdict,
        is_implausible=verdict == "better" and not part.is_learned and low > most_plausible(float(without.mean())),
    )


def most_plausible(ndcg_without: float) -> float:
    """Return the largest gain that is plausible for one part, where all others together reach `ndcg_without`.

    It is as much as all others earn together, and at most half of what they leave to earn. Only a part that is not learned
    from train events is held to it: co-occurrence may well be all that a shop has, but rarely a column of its catalogue.
    """
    return min(ndcg_without, (1.0 - ndcg_without) / 2)
