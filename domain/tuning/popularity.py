"""Tune the decay of popularity and the smoothing of segments by how well popularity alone predicts held-out events."""

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.baselines import first_unseen
from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import GroundTruth
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.training.popularity import popularity, popularity_by_segment, smoothed
from domain.training.training_data import TrainingData
from domain.tuning.histories import TUNING_K
from domain.tuning.pattern_search import best_of, first_of_best

TREND_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0, FOREVER)
SMOOTHINGS = (50_000.0, 10_000.0, 2_000.0, 500.0, 200.0, 50.0, 10.0)
"""From the popularity with all customers to that with the segment alone; earlier values are preferred."""


def fit_popularity(
    data: TrainingData, hyperparameters: Hyperparameters, ground_truth: GroundTruth, *, has_times: bool
) -> Hyperparameters:
    """Choose the half-life of popularity with the best score, then the smoothing of the segments' popularity."""
    objective = _PopularityObjective(data, ground_truth)
    if has_times:
        tried = [replace(hyperparameters, trend_days=days) for days in TREND_DAYS]
        hyperparameters, _ = best_of(tried, [objective.ndcg_of_all(popularity(data, one)) for one in tried])
    else:
        hyperparameters = replace(hyperparameters, trend_days=FOREVER)
    popularities = popularity_by_segment(data, hyperparameters)
    scores = [objective.ndcg(smoothed(popularities, pseudo_count=one), data.segments) for one in SMOOTHINGS]
    return replace(hyperparameters, segment_smoothing=first_of_best(SMOOTHINGS, scores))


class _PopularityObjective:
    """The quality of one list per segment, without the products that each customer has seen."""

    def __init__(self, data: TrainingData, ground_truth: GroundTruth) -> None:
        self._ground_truth = ground_truth
        self._n_customers = len(data.log.customer_ids)
        self._seen = {customer: set[int]() for customer in ground_truth.customers.tolist()}
        for customer, product in zip(data.log.customers.tolist(), data.log.products.tolist(), strict=True):
            if customer in self._seen:
                self._seen[customer].add(product)

    def ndcg_of_all(self, scores: npt.NDArray[np.float64]) -> float:
        """Return the mean NDCG@20 of one list for all customers, by `scores` (n_products,)."""
        return self.ndcg(scores[None], np.zeros(self._n_customers, dtype=np.int8))

    def ndcg(self, scores: npt.NDArray[np.float64], segments: npt.NDArray[np.int8]) -> float:
        """Return the mean NDCG@20 of one list per segment, by `scores` (n_segments, n_products)."""
        orders = [np.lexsort((np.arange(len(own)), -own)).tolist() for own in scores]
        rankings = {
            customer: first_unseen(orders[segments[customer]], seen, k=TUNING_K) for customer, seen in self._seen.items()
        }
        return float(ndcg_at_k(*self._ground_truth.hits(rankings, k=TUNING_K)).mean())
