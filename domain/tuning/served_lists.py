"""Measure lists as they are served, with other settings."""

import numpy as np
import numpy.typing as npt

from domain.evaluation.replay import Replay
from domain.evaluation.splitting import GroundTruth
from domain.ranking.model import Model
from domain.tuning.histories import TUNING_K

MAX_REPLAYED_CUSTOMERS = 1000
VARIETY_GRID = (0.0, 0.25, 0.5, 1.0)


def served_ndcg(replay: Replay, model: Model, ground_truth: GroundTruth) -> float:
    """Return the mean NDCG@20 of lists as they are served."""
    return float(served_ndcg_of_each(replay, model, ground_truth).mean())


def served_ndcg_of_each(replay: Replay, model: Model, ground_truth: GroundTruth) -> npt.NDArray[np.float64]:
    """Return the NDCG@20 of the list of each customer, as it is served."""
    return replay.ndcg(ground_truth, model=model, seen="few", k=TUNING_K)
