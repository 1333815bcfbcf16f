"""How fast what is popular fades, and how much a segment's own taste counts: by what foresees held-out events alone."""

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from domain.evaluation.baselines import hits_of, unseen_of
from domain.evaluation.metrics import ndcg_at_k
from domain.evaluation.splitting import GroundTruth
from domain.ranking.hyperparameters import FOREVER, Hyperparameters
from domain.training import popularity as trends
from domain.training.event_log import EventLog
from domain.tuning.neighbours import TUNING_K
from domain.tuning.pattern_search import best_of, first_of_best

TREND_DAYS = (1.0, 3.0, 7.0, 14.0, 30.0, 90.0, FOREVER)
SMOOTHINGS = (50_000.0, 10_000.0, 2_000.0, 500.0, 200.0, 50.0, 10.0)
"""From all customers, so to speak, to the segment alone; of those that reach about the same the first is taken."""


def fit_popularity(
    log: EventLog,
    hyperparameters: Hyperparameters,
    ground_truth: GroundTruth,
    segments: npt.NDArray[np.int8],
    *,
    n_products: int,
    has_times: bool,
) -> Hyperparameters:
    """Choose the half-life at which popularity foresees most, and the smoothing at which the segments' trends do then.

    `segments` has each customer's position in SEGMENTS.
    """
    popularity = _Popularity(log, ground_truth)
    if has_times:
        tried = [replace(hyperparameters, trend_days=days) for days in TREND_DAYS]
        popular = [trends.popularity(log, one, n_products=n_products)[None] for one in tried]
        hyperparameters = best_of(tried, [popularity.ndcg(scores, np.zeros_like(segments)) for scores in popular])[0]
    else:
        hyperparameters = replace(hyperparameters, trend_days=FOREVER)
    sums = trends.sums(log, hyperparameters, n_products=n_products, segments=segments)
    scores = [popularity.ndcg(trends.shrunk(sums, smoothing=one), segments) for one in SMOOTHINGS]
    return replace(hyperparameters, segment_smoothing=first_of_best(SMOOTHINGS, scores))


class _Popularity:
    """How well the same list for all customers of a segment foresees what each has not seen."""

    def __init__(self, log: EventLog, ground_truth: GroundTruth) -> None:
        self._to_find = ground_truth
        self._seen = {customer: set[int]() for customer in ground_truth.customers.tolist()}
        for customer, product in zip(log.customers.tolist(), log.products.tolist(), strict=True):
            if customer in self._seen:
                self._seen[customer].add(product)

    def ndcg(self, scores: npt.NDArray[np.float64], segments: npt.NDArray[np.int8]) -> float:
        """Return the mean NDCG@20 of lists by `scores` (n_segments, n_products)."""
        orders = [np.lexsort((np.arange(len(own)), -own)).tolist() for own in scores]
        rankings = {
            customer: unseen_of(orders[segments[customer]], seen, k=TUNING_K) for customer, seen in self._seen.items()
        }
        return float(ndcg_at_k(*hits_of(rankings, self._to_find, k=TUNING_K)).mean())
