"""Measure rankings on held-out events: means over customers, their intervals, and slices of customers."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from domain.evaluation import metrics
from domain.evaluation.baselines import RankingTask
from domain.evaluation.splitting import GroundTruth
from domain.ranking.freshness import NEW_DAYS
from domain.records.customers import SEGMENTS
from domain.records.values import DAY, to_microseconds

BOOTSTRAP_SEED = 0


class Slice(Struct, frozen=True, kw_only=True):
    """The metrics of one model for some of the customers."""

    customers: int
    recall: float
    ndcg: float
    hit_rate: float


class EvaluationResult(Struct, frozen=True, kw_only=True):
    """The metrics of one model: means over customers with train events, with 95 % bootstrap intervals.

    `slices` has the metrics of each segment and of newcomers, who have no train events. `new_product_share` and
    `new_product_hit_share` are the shares of products younger than 30 days among all ranks and among the hits.
    `top_product_share` is the share of lists that contain the most listed product.
    """

    model: str
    recall: float
    recall_interval: tuple[float, float]
    ndcg: float
    ndcg_interval: tuple[float, float]
    hit_rate: float
    mrr: float
    coverage: float
    top_product_share: float
    new_product_share: float
    new_product_hit_share: float
    slices: dict[str, Slice]
    customers: int
    left_out: int
    train_seconds: float
    ms_per_list: float


class CustomerMetrics(Struct, frozen=True, kw_only=True):
    """The metrics of one model for each of `customers` (n,), from which means and paired differences are computed."""

    customers: npt.NDArray[np.int64]
    recall: npt.NDArray[np.float64]
    ndcg: npt.NDArray[np.float64]
    hit_rate: npt.NDArray[np.float64]
    mrr: npt.NDArray[np.float64]


class Rankings(Struct, frozen=True, kw_only=True):
    """One model's rankings by customer, and the seconds that they took."""

    by_customer: Mapping[int, Sequence[int]]
    train_seconds: float
    seconds: float


class Comparison(Struct, frozen=True, kw_only=True):
    """What all models are compared on: the task, and the ground truth of customers with and without train events."""

    task: RankingTask
    ground_truth: GroundTruth
    newcomers: GroundTruth

    def slices(self) -> dict[str, GroundTruth]:
        """Return the ground truth of newcomers and of each segment, where there is any."""
        customers, segments = self.ground_truth.customers, self.task.replay.data.segments
        by_segment = {
            segment: self.ground_truth.only(customers[segments[customers] == position])
            for position, segment in enumerate(SEGMENTS)
        }
        slices = {"newcomers": self.newcomers, **by_segment}
        return {name: truth for name, truth in slices.items() if len(truth.customers)}

    def customers(self) -> list[int]:
        return [*self.ground_truth.customers.tolist(), *self.newcomers.customers.tolist()]


def customer_metrics(rankings: Rankings, ground_truth: GroundTruth, *, k: int) -> CustomerMetrics:
    """Measure the ranking of each customer of a ground truth."""
    hits, n_relevant = ground_truth.hits(rankings.by_customer, k=k)
    return CustomerMetrics(
        customers=ground_truth.customers,
        recall=metrics.recall_at_k(hits, n_relevant),
        ndcg=metrics.ndcg_at_k(hits, n_relevant),
        hit_rate=metrics.hit_rate_at_k(hits),
        mrr=metrics.mrr_at_k(hits),
    )


def measure(name: str, rankings: Rankings, comparison: Comparison) -> EvaluationResult:
    """Compare the rankings of one model with the ground truth."""
    task, ground_truth = comparison.task, comparison.ground_truth
    hits, _ = ground_truth.hits(rankings.by_customer, k=task.k)
    own = customer_metrics(rankings, ground_truth, k=task.k)
    ranked = [rankings.by_customer[customer] for customer in ground_truth.customers.tolist()]
    products = np.array([index for ranking in ranked for index in ranking], dtype=np.int64)
    is_hit = hits[np.arange(task.k) < np.array([len(ranking) for ranking in ranked])[:, None]]
    is_new = _is_new(task)[products] & (products >= 0)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    return EvaluationResult(
        model=name,
        recall=float(own.recall.mean()),
        recall_interval=metrics.bootstrap_interval(own.recall, rng=rng),
        ndcg=float(own.ndcg.mean()),
        ndcg_interval=metrics.bootstrap_interval(own.ndcg, rng=rng),
        hit_rate=float(own.hit_rate.mean()),
        mrr=float(own.mrr.mean()),
        coverage=metrics.catalogue_coverage(products, n_products=int(task.available.sum())),
        top_product_share=metrics.top_product_share(ranked),
        new_product_share=float(is_new.mean()) if len(products) else 0.0,
        new_product_hit_share=float(is_new[is_hit].mean()) if is_hit.any() else 0.0,
        slices={part: _slice(rankings, truth, k=task.k) for part, truth in comparison.slices().items()},
        customers=len(ground_truth.customers),
        left_out=ground_truth.left_out,
        train_seconds=rankings.train_seconds,
        ms_per_list=1000 * rankings.seconds / len(rankings.by_customer),
    )


def _slice(rankings: Rankings, truth: GroundTruth, *, k: int) -> Slice:
    own = customer_metrics(rankings, truth, k=k)
    return Slice(
        customers=len(truth.customers),
        recall=float(own.recall.mean()),
        ndcg=float(own.ndcg.mean()),
        hit_rate=float(own.hit_rate.mean()),
    )


def _is_new(task: RankingTask) -> npt.NDArray[np.bool_]:
    """Return for each product index whether the product is younger than 30 days at the time of the replay."""
    oldest = to_microseconds(task.replay.now) - NEW_DAYS * DAY
    is_new = np.zeros(len(task.available), dtype=np.bool_)
    is_new[[product.product_index for product in task.replay.data.products if product.created_at > oldest]] = True
    return is_new
